# Warnings, sanitizers, ccache and the helper that declares one layer.
find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env
    CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CCACHE_PROGRAM})
endif()

add_library(wsi_lpd_warnings INTERFACE)
target_compile_options(wsi_lpd_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13) # false alarms over std::string there
  target_compile_options(wsi_lpd_warnings INTERFACE -Wno-restrict -Wno-stringop-overread)
endif()
if(WSI_LPD_WERROR)
  target_compile_options(wsi_lpd_warnings INTERFACE -Werror)
endif()
if(WSI_LPD_SANITIZE)
  string(REPLACE ";" "," sanitizers "${WSI_LPD_SANITIZE}")
  add_compile_options(-fsanitize=${sanitizers} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${sanitizers})
endif()

# wsi_lpd_layer(NAME FILES...): the static library wsi_lpd::NAME with its public headers under include/wsi_lpd/NAME/.
function(wsi_lpd_layer name)
  add_library(wsi_lpd_${name} STATIC ${ARGN})
  add_library(wsi_lpd::${name} ALIAS wsi_lpd_${name})
  set_target_properties(wsi_lpd_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(wsi_lpd_${name} PUBLIC cxx_std_20)
  target_include_directories(wsi_lpd_${name}
    PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(wsi_lpd_${name} PRIVATE $<BUILD_INTERFACE:wsi_lpd_warnings>)
  install(TARGETS wsi_lpd_${name} EXPORT wsi_lpd)
endfunction()
