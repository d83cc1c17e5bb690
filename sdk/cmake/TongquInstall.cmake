# The installed package: find_package(Tongqu) gives tongqu::base, tongqu::wire and the other modules, connectors and platforms built here.
if(NOT TONGQU_INSTALL)
  return()
endif()
include(CMakePackageConfigHelpers)

# A static library brings its private libraries along to the final link, so their packages must be found again by the user.
get_property(third_party GLOBAL PROPERTY TONGQU_THIRD_PARTY_TARGETS)
set(package_of_CURL CURL)
set(package_of_EXPAT EXPAT)
set(package_of_OpenSSL OpenSSL)
set(package_of_PostgreSQL PostgreSQL)
set(package_of_SQLite SQLite3)
set(package_of_Threads Threads)
set(package_of_ZLIB ZLIB)
set(package_of_pugixml pugixml)
set(package_of_yaml-cpp yaml-cpp)
set(packages)
foreach(library IN LISTS third_party)
  string(REGEX REPLACE "::.*" "" vendor ${library})
  if(NOT DEFINED package_of_${vendor})
    message(FATAL_ERROR "TongquInstall.cmake does not know which package gives ${library}")
  endif()
  list(APPEND packages ${package_of_${vendor}})
endforeach()
list(REMOVE_DUPLICATES packages)
list(SORT packages)
list(TRANSFORM packages REPLACE "(.+)" "find_dependency(\\1)" OUTPUT_VARIABLE find_dependencies)
list(JOIN find_dependencies "\n" TONGQU_FIND_DEPENDENCIES)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Tongqu)
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/TongquConfig.cmake.in ${CMAKE_CURRENT_BINARY_DIR}/TongquConfig.cmake
  INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/TongquConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/TongquConfig.cmake ${CMAKE_CURRENT_BINARY_DIR}/TongquConfigVersion.cmake
  DESTINATION ${package_dir} COMPONENT Development)
install(EXPORT TongquTargets NAMESPACE tongqu:: DESTINATION ${package_dir} COMPONENT Development)

# Data: packs, the pack that reads events from above, and the targets of platforms, which name no machine and need no build.
install(DIRECTORY ${PROJECT_SOURCE_DIR}/connectors/packs DESTINATION ${CMAKE_INSTALL_DATADIR}/tongqu COMPONENT Runtime)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/connectors/platforms/case_exchange/events DESTINATION ${CMAKE_INSTALL_DATADIR}/tongqu/platforms/case_exchange COMPONENT Runtime)
foreach(platform IN LISTS TONGQU_PLATFORMS)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/connectors/platforms/${platform}/targets
    DESTINATION ${CMAKE_INSTALL_DATADIR}/tongqu/platforms/${platform} COMPONENT Runtime)
endforeach()
