# Text files as data of a program: cmake -DOUTPUT=x.cpp -DHEADER=x.hpp -DFUNCTION=ns::f "-DFILES=a.css;b.js" -P EmbedFiles.cmake
# writes `FUNCTION()`, a span of {name, content} pairs; HEADER declares it.
set(arrays "")
set(entries "")
foreach(file IN LISTS FILES)
  get_filename_component(name "${file}" NAME)
  string(MAKE_C_IDENTIFIER "k_${name}" array)
  file(READ "${file}" bytes HEX)
  string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
  string(APPEND arrays "constexpr unsigned char ${array}[] = {${bytes}0};\n")
  string(APPEND entries "  {\"${name}\", {reinterpret_cast<const char*>(${array}), sizeof ${array} - 1}},\n")
endforeach()
file(WRITE "${OUTPUT}" "// Made by EmbedFiles.cmake.
#include \"${HEADER}\"
namespace {
${arrays}const wsi_lpd::output::EmbeddedFile kFiles[] = {
${entries}};
}  // namespace
std::span<const wsi_lpd::output::EmbeddedFile> ${FUNCTION}() { return kFiles; }
")
