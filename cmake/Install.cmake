# cmake --install, and find_package(wsi_lpd) for other projects: proven by tests/consumer.
include(CMakePackageConfigHelpers)
set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/wsi_lpd)
install(DIRECTORY include/wsi_lpd DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(DIRECTORY configs/ DESTINATION ${CMAKE_INSTALL_DATADIR}/wsi_lpd/configs COMPONENT program)
install(EXPORT wsi_lpd NAMESPACE wsi_lpd:: FILE wsi_lpdTargets.cmake DESTINATION ${package_folder})
configure_package_config_file(cmake/wsi_lpdConfig.cmake.in wsi_lpdConfig.cmake INSTALL_DESTINATION ${package_folder})
write_basic_package_version_file(wsi_lpdConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/wsi_lpdConfig.cmake ${PROJECT_BINARY_DIR}/wsi_lpdConfigVersion.cmake cmake/Dependencies.cmake
  DESTINATION ${package_folder})

# A package for Debian 12, with LibTorch in /usr/lib/wsi_lpd: cpack --config build/release/CPackConfig.cmake (docs/install.md).
if(PROJECT_IS_TOP_LEVEL AND NOT WSI_LPD_CUDA)
  install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/wsi-lpd RENAME copyright COMPONENT program)
  set(CPACK_GENERATOR DEB)
  set(CPACK_PACKAGE_CONTACT "the wsi-lpd authors")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
  set(CPACK_STRIP_FILES ON)
  set(CPACK_COMPONENTS_ALL program)
  set(CPACK_DEB_COMPONENT_INSTALL ON)
  set(CPACK_DEBIAN_PROGRAM_PACKAGE_NAME wsi-lpd)
  set(CPACK_DEBIAN_PACKAGE_SECTION science)
  set(CPACK_DEBIAN_COMPRESSION_TYPE zstd)
  set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
  set(CPACK_DEBIAN_PACKAGE_DEPENDS fonts-dejavu-core) # dpkg-shlibdeps finds the libraries
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS ${WSI_LPD_TORCH}/lib)
  include(CPack)
endif()
