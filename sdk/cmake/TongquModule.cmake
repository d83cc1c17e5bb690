# tongqu_module(<name> HEADERS ... SOURCES ... USES ... PUBLIC_LIBS ... PRIVATE_LIBS ... TESTS ...)
#
# One static library tongqu_<name> with alias tongqu::<name>. HEADERS are relative to sdk/include/tongqu/<name>, SOURCES and TESTS to
# the calling folder. USES names other modules; PRIVATE_LIBS are third-party targets that no public header shows. TESTS become one
# program <name>_test in which every case is a ctest test labelled "unit". Headers are installed and each is compiled alone by lint.
set_property(GLOBAL PROPERTY TONGQU_PUBLIC_HEADERS "")
set_property(GLOBAL PROPERTY TONGQU_THIRD_PARTY_TARGETS "")

function(tongqu_module name)
  cmake_parse_arguments(ARG "" "" "HEADERS;SOURCES;USES;PUBLIC_LIBS;PRIVATE_LIBS;TESTS;TEST_LIBS" ${ARGN})
  set(target tongqu_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(tongqu::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(${target} PUBLIC cxx_std_17 PRIVATE cxx_std_20)
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/sdk/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>
    PRIVATE ${PROJECT_SOURCE_DIR}/sdk/src ${CMAKE_CURRENT_SOURCE_DIR})
  foreach(use IN LISTS ARG_USES)
    target_link_libraries(${target} PUBLIC tongqu_${use})
  endforeach()
  target_link_libraries(${target} PUBLIC ${ARG_PUBLIC_LIBS} PRIVATE $<BUILD_INTERFACE:tongqu_warnings> ${ARG_PRIVATE_LIBS})

  set(headers ${ARG_HEADERS})
  list(TRANSFORM headers PREPEND tongqu/${name}/)
  set_property(GLOBAL APPEND PROPERTY TONGQU_PUBLIC_HEADERS ${headers})
  list(TRANSFORM headers PREPEND ${PROJECT_SOURCE_DIR}/sdk/include/)
  target_sources(${target} PUBLIC FILE_SET HEADERS BASE_DIRS ${PROJECT_SOURCE_DIR}/sdk/include FILES ${headers})
  if(TONGQU_INSTALL)
    set_property(GLOBAL APPEND PROPERTY TONGQU_THIRD_PARTY_TARGETS ${ARG_PUBLIC_LIBS} ${ARG_PRIVATE_LIBS})
    install(TARGETS ${target} EXPORT TongquTargets
      ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Development
      FILE_SET HEADERS DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT Development)
    # Tables that the headers include.
    install(DIRECTORY ${PROJECT_SOURCE_DIR}/sdk/include/tongqu/${name} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tongqu COMPONENT Development
      FILES_MATCHING PATTERN "*.inc" PATTERN "*.def")
  endif()
  if(TONGQU_BUILD_TESTS AND ARG_TESTS)
    tongqu_test(${name}_test SOURCES ${ARG_TESTS} LIBS ${target} ${ARG_TEST_LIBS})
  endif()
endfunction()

# tongqu_part(<target> HEADERS ... SOURCES ... USES ... PRIVATE_LIBS ... TESTS ...): a static library outside the SDK (a connector, a
# platform profile, a part of the conformance suite). Its headers live beside its sources; includes start at the repository root.
# Connectors and platforms are installed with the HEADERS named, under the same include paths.
function(tongqu_part target)
  cmake_parse_arguments(ARG "" "" "HEADERS;SOURCES;USES;PRIVATE_LIBS;TESTS;TEST_LIBS" ${ARGN})
  add_library(${target} STATIC ${ARG_SOURCES})
  target_compile_features(${target} PUBLIC cxx_std_20)
  target_include_directories(${target} PUBLIC $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/tongqu-parts>)
  foreach(use IN LISTS ARG_USES)
    target_link_libraries(${target} PUBLIC tongqu_${use})
  endforeach()
  target_link_libraries(${target} PRIVATE $<BUILD_INTERFACE:tongqu_warnings> ${ARG_PRIVATE_LIBS})
  cmake_path(RELATIVE_PATH CMAKE_CURRENT_SOURCE_DIR BASE_DIRECTORY ${PROJECT_SOURCE_DIR} OUTPUT_VARIABLE folder)
  if(TONGQU_INSTALL AND folder MATCHES "^connectors/")
    string(REGEX REPLACE "^tongqu_" "" short_name ${target})
    set_target_properties(${target} PROPERTIES EXPORT_NAME ${short_name})
    set_property(GLOBAL APPEND PROPERTY TONGQU_THIRD_PARTY_TARGETS ${ARG_PRIVATE_LIBS})
    install(TARGETS ${target} EXPORT TongquTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT Development)
    install(FILES ${ARG_HEADERS} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/tongqu-parts/${folder} COMPONENT Development)
  endif()
  if(TONGQU_BUILD_TESTS AND ARG_TESTS)
    tongqu_test(${target}_test SOURCES ${ARG_TESTS} LIBS ${target} ${ARG_TEST_LIBS})
  endif()
endfunction()

# tongqu_test(<program> SOURCES ... LIBS ... [LABEL unit]): a GoogleTest program, each case a ctest test.
function(tongqu_test program)
  cmake_parse_arguments(ARG "" "LABEL" "SOURCES;LIBS" ${ARGN})
  if(NOT ARG_LABEL)
    set(ARG_LABEL unit)
  endif()
  add_executable(${program} ${ARG_SOURCES})
  target_compile_features(${program} PRIVATE cxx_std_20)
  target_include_directories(${program} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/sdk/src)
  target_compile_definitions(${program} PRIVATE TONGQU_SOURCE_DIR="${PROJECT_SOURCE_DIR}" TONGQU_BIN_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
  target_link_libraries(${program} PRIVATE ${ARG_LIBS} tongqu_warnings GTest::gtest_main)
  target_precompile_headers(${program} PRIVATE <gtest/gtest.h> <string> <vector>)
  # One ctest entry per program keeps discovery and start-up cheap; the program's own output names the failing case.
  add_test(NAME ${program} COMMAND ${program} --gtest_brief=1)
  set_tests_properties(${program} PROPERTIES LABELS ${ARG_LABEL} TIMEOUT 300)
endfunction()
