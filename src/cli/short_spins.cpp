// What LibTorch's OpenMP is told about waiting. Its threads spin while they wait for each other: where anything else wants the processors,
// training then runs at a seventh of its speed. libgomp asks getenv() for GOMP_SPINCOUNT when it is loaded, before any code of the program
// can set a variable (the C library takes its environment from the kernel after .preinit_array has run). So the program has a getenv() of
// its own, which comes before the C library's for all libraries, and answers this one question where the user has said nothing.
#include <unistd.h>

#include <cstring>

#ifdef __GLIBC__
namespace {

char* value_of(const char* name) {
  const std::size_t length = std::strlen(name);
  for (char** variable = environ; variable && *variable; ++variable) {
    if (std::strncmp(*variable, name, length) == 0 && (*variable)[length] == '=') return *variable + length + 1;
  }
  return nullptr;
}

}  // namespace

/// As the C library's, process-wide. Libraries call it while they are loaded, before sanitizers are ready.
extern "C" __attribute__((visibility("default"), no_sanitize("address", "thread", "undefined"))) char* getenv(const char* name) noexcept {
  static char short_spins[] = "1000";
  char* const value = value_of(name);
  const bool is_default = !value && std::strcmp(name, "GOMP_SPINCOUNT") == 0 && !value_of("OMP_WAIT_POLICY");
  return is_default ? short_spins : value;
}
#endif
