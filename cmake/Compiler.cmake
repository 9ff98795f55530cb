# Warnings, sanitizers, ccache and the functions that declare a layer.
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

# wsi_lpd_layer(LAYER FILES...): a static library with its public headers under include/wsi_lpd/LAYER/. LAYER is a layer, such as core, or
# a room of one, such as model/network; the target is wsi_lpd::core or wsi_lpd::model_network. Each layer has an include root of its own,
# with a link to its headers, so that only those of layers that it links to are found.
function(wsi_lpd_layer layer)
  string(REPLACE / _ name ${layer})
  cmake_path(GET layer PARENT_PATH parent)
  set(root ${PROJECT_BINARY_DIR}/include/${name})
  file(MAKE_DIRECTORY ${root}/wsi_lpd/${parent})
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/include/wsi_lpd/${layer} ${root}/wsi_lpd/${layer} SYMBOLIC)
  add_library(wsi_lpd_${name} STATIC ${ARGN})
  add_library(wsi_lpd::${name} ALIAS wsi_lpd_${name})
  set_target_properties(wsi_lpd_${name} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_compile_features(wsi_lpd_${name} PUBLIC cxx_std_20)
  target_include_directories(wsi_lpd_${name} PUBLIC $<BUILD_INTERFACE:${root}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(wsi_lpd_${name} PRIVATE $<BUILD_INTERFACE:wsi_lpd_warnings>)
  install(TARGETS wsi_lpd_${name} EXPORT wsi_lpd)
endfunction()

# wsi_lpd_rooms(LAYER ROOMS...): the target wsi_lpd::LAYER, which is all its rooms.
function(wsi_lpd_rooms layer)
  list(TRANSFORM ARGN PREPEND wsi_lpd::${layer}_ OUTPUT_VARIABLE rooms)
  add_library(wsi_lpd_${layer} INTERFACE)
  add_library(wsi_lpd::${layer} ALIAS wsi_lpd_${layer})
  set_target_properties(wsi_lpd_${layer} PROPERTIES EXPORT_NAME ${layer})
  target_link_libraries(wsi_lpd_${layer} INTERFACE ${rooms})
  install(TARGETS wsi_lpd_${layer} EXPORT wsi_lpd)
endfunction()
