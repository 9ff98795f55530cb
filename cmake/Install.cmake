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
