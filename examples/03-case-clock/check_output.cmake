# cmake -DPROGRAM=... -DCALENDAR=... -DEXPECTED=... -P check_output.cmake: the program prints the expected text, byte for byte.
execute_process(COMMAND ${PROGRAM} ${CALENDAR} OUTPUT_VARIABLE output RESULT_VARIABLE status)
file(READ ${EXPECTED} expected)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "the program ended with ${status}")
endif()
if(NOT output STREQUAL expected)
  message(FATAL_ERROR "the program printed:\n${output}\nand not:\n${expected}")
endif()
