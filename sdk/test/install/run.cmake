# Installs the libraries of a build to a folder of its own, builds the consumer against them as a stranger would, and runs it.
# Needs BUILD_DIR, SOURCE_DIR (of the consumer), WORK_DIR, CXX, CXX_FLAGS, LINK_FLAGS, BUILD_TYPE, PACK.
function(run_or_fail)
  execute_process(COMMAND ${ARGV} RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(NOT result EQUAL 0)
    message(FATAL_ERROR "${ARGV}\n${output}")
  endif()
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${WORK_DIR})
run_or_fail(${CMAKE_COMMAND} --install ${BUILD_DIR} --prefix ${WORK_DIR}/prefix --component Development)
run_or_fail(${CMAKE_COMMAND} -G Ninja -S ${SOURCE_DIR} -B ${WORK_DIR}/build -DCMAKE_PREFIX_PATH=${WORK_DIR}/prefix
  -DCMAKE_CXX_COMPILER=${CXX} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} "-DCMAKE_CXX_FLAGS=${CXX_FLAGS}" "-DCMAKE_EXE_LINKER_FLAGS=${LINK_FLAGS}"
  -DCMAKE_FIND_PACKAGE_NO_PACKAGE_REGISTRY=ON)
run_or_fail(${CMAKE_COMMAND} --build ${WORK_DIR}/build)
run_or_fail(${WORK_DIR}/build/consumer ${PACK})
if(NOT output MATCHES "consumer: all is there")
  message(FATAL_ERROR "the consumer said: ${output}")
endif()
file(REMOVE_RECURSE ${WORK_DIR})
