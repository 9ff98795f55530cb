# Every dependency of wsi-lpd and the reason for it. Read by our own build and, installed, by find_package(wsi_lpd).
find_package(PkgConfig REQUIRED)
pkg_check_modules(OPENSLIDE REQUIRED IMPORTED_TARGET openslide)   # reads vendors' slides; see below             (src/slide)
pkg_check_modules(VIPS REQUIRED IMPORTED_TARGET vips-cpp)         # decodes, resizes, writes images and pyramids (src/image)
pkg_check_modules(TIFF REQUIRED IMPORTED_TARGET libtiff-4)        # colour maps and raw labels of TIFF files     (src/image)
pkg_check_modules(PNG REQUIRED IMPORTED_TARGET libpng)            # palette indices of mask PNGs                 (src/image)
pkg_check_modules(GLIB REQUIRED IMPORTED_TARGET glib-2.0)         # checksums, UTF-8 in what is written           (src/digest, src/image, src/output)
find_package(ZLIB REQUIRED)                                       # CRC-32 of the records in PyTorch checkpoints  (model)
find_package(nlohmann_json REQUIRED)                              # statistics, model metadata, GeoJSON          (src/output, src/slide, model)
find_package(TBB REQUIRED)                                        # the streaming pipeline                       (pipeline)
find_package(spdlog REQUIRED)                                     # the log                                      (src/cli)
find_package(CLI11 REQUIRED)                                      # options                                      (src/cli)
find_package(tomlplusplus REQUIRED)                               # configurations and data sets in TOML         (src/cli)
find_package(Threads REQUIRED)

find_package(HDF5 REQUIRED COMPONENTS C CXX)                      # results that Python opens                    (src/output)

# OpenSlide 4 from PyPI's wheel, which has no headers: those of the system's OpenSlide 3.4 serve. Without it, the system's OpenSlide.
if(NOT TARGET wsi_lpd::openslide)
  file(GLOB WSI_LPD_OPENSLIDE_FOUND ${PROJECT_SOURCE_DIR}/.deps/openslide-4*/libopenslide.so.1)
  if(WSI_LPD_OPENSLIDE MATCHES "/[.]deps/" AND NOT EXISTS "${WSI_LPD_OPENSLIDE}") # found anew
    unset(WSI_LPD_OPENSLIDE CACHE)
  endif()
  set(WSI_LPD_OPENSLIDE "${WSI_LPD_OPENSLIDE_FOUND}" CACHE FILEPATH "OpenSlide 4's libopenslide.so.1; empty: the system's OpenSlide")
  if(WSI_LPD_OPENSLIDE)
    add_library(wsi_lpd::openslide SHARED IMPORTED)
    set_target_properties(wsi_lpd::openslide PROPERTIES IMPORTED_LOCATION ${WSI_LPD_OPENSLIDE} IMPORTED_SONAME libopenslide.so.1
      INTERFACE_INCLUDE_DIRECTORIES "${OPENSLIDE_INCLUDE_DIRS}")
  else()
    add_library(wsi_lpd::openslide ALIAS PkgConfig::OPENSLIDE)
  endif()
endif()

# LibTorch: the network and its training (model, and one bridge in pipeline). Taken from PyPI's wheel through a target of our
# own: the wheel's CMake package needs nvcc even for a CPU build. Its headers bring an fmt that would shadow spdlog's: -idirafter.
if(NOT TARGET wsi_lpd::torch)
  if(WSI_LPD_CUDA)
    file(GLOB WSI_LPD_TORCH_FOUND ${PROJECT_SOURCE_DIR}/.deps/cuda/lib/python3.*/site-packages/torch)
  else()
    file(GLOB WSI_LPD_TORCH_FOUND ${PROJECT_SOURCE_DIR}/.deps/libtorch-*-cpu)
  endif()
  if(NOT WSI_LPD_TORCH OR (WSI_LPD_TORCH MATCHES "/[.]deps/" AND NOT EXISTS "${WSI_LPD_TORCH}/lib/libtorch_cpu.so")) # found anew
    unset(WSI_LPD_TORCH CACHE)
  endif()
  set(WSI_LPD_TORCH "${WSI_LPD_TORCH_FOUND}" CACHE PATH "Folder with LibTorch's include/ and lib/")
  if(NOT EXISTS "${WSI_LPD_TORCH}/lib/libtorch_cpu.so")
    message(FATAL_ERROR "No LibTorch in WSI_LPD_TORCH='${WSI_LPD_TORCH}': run scripts/setup (scripts/setup --cuda for WSI_LPD_CUDA=ON)")
  endif()
  add_library(wsi_lpd::torch INTERFACE IMPORTED)
  target_compile_options(wsi_lpd::torch INTERFACE
    "SHELL:-idirafter ${WSI_LPD_TORCH}/include" "SHELL:-idirafter ${WSI_LPD_TORCH}/include/torch/csrc/api/include")
  target_link_options(wsi_lpd::torch INTERFACE "LINKER:--allow-shlib-undefined")
  target_link_libraries(wsi_lpd::torch INTERFACE ${WSI_LPD_TORCH}/lib/libtorch_cpu.so ${WSI_LPD_TORCH}/lib/libc10.so)
  if(WSI_LPD_CUDA) # the backend registers itself when loaded: keep it although no symbol of it is named
    target_link_libraries(wsi_lpd::torch INTERFACE
      "-Wl,--no-as-needed" ${WSI_LPD_TORCH}/lib/libtorch_cuda.so ${WSI_LPD_TORCH}/lib/libc10_cuda.so "-Wl,--as-needed")
  endif()
endif()
