// What libraries are told by variables of the environment that nobody has set. Some ask for them when they are loaded, before any code of
// the program can set a variable (the C library takes its environment from the kernel after .preinit_array has run), and a variable that is
// set is seen by every program that this one starts. So the program has a getenv() of its own, which comes before the C library's for all
// libraries, and answers some questions itself.
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <string>

#ifdef __GLIBC__
namespace {

char* value_of(const char* name) {
  const std::size_t length = std::strlen(name);
  for (char** variable = environ; variable && *variable; ++variable) {
    if (std::strncmp(*variable, name, length) == 0 && (*variable)[length] == '=') return *variable + length + 1;
  }
  return nullptr;
}

/// Threads of OpenMP spin while they wait for each other: where anything else wants the processors, training then runs at a seventh of its
/// speed. A user's word counts.
char* short_spins(const char* name) {
  static char spins[] = "1000";
  const bool is_asked = std::strcmp(name, "GOMP_SPINCOUNT") == 0 && !value_of(name) && !value_of("OMP_WAIT_POLICY");
  return is_asked ? spins : nullptr;
}

/// A file of the bundle (scripts/bundle) whose loader is this process' image; empty elsewhere.
std::string file_of_bundle(const char* name) {
  std::error_code error;
  const std::filesystem::path image = std::filesystem::read_symlink("/proc/self/exe", error);
  const std::filesystem::path folder = image.parent_path().parent_path() / "share/wsi_lpd/bundle";
  return image.filename().string().starts_with("ld-linux") && exists(folder, error) ? (folder / name).string() : std::string();
}

/// In a bundle the libraries take their files from it, whatever the host says: its files, and those of a Python environment that is active
/// there, are for other versions of the libraries. Null elsewhere, and for other names, which libraries ask for while they are loaded.
char* setting_of_bundle(const char* name) {
  const auto answer = [](std::string& text) { return text.empty() ? nullptr : text.data(); };
  if (std::strcmp(name, "FONTCONFIG_FILE") == 0) {
    static std::string fonts = file_of_bundle("fonts.conf");
    return answer(fonts);
  }
  if (std::strcmp(name, "GDK_PIXBUF_MODULE_FILE") == 0) {  // OpenSlide's BMP
    static std::string loaders = file_of_bundle("loaders.cache");
    return answer(loaders);
  }
  if (std::strcmp(name, "VIPSHOME") == 0) {  // a folder without modules: no format of the program needs one
    static std::string home = file_of_bundle("");
    return answer(home);
  }
  return nullptr;
}

}  // namespace

/// As the C library's, process-wide. Libraries call it while they are loaded, before sanitizers are ready.
extern "C" __attribute__((visibility("default"), no_sanitize("address", "thread", "undefined"))) char* getenv(const char* name) noexcept {
  if (char* const answer = short_spins(name)) return answer;
  if (char* const answer = setting_of_bundle(name)) return answer;
  return value_of(name);
}
#endif
