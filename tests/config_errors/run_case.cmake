# cmake -DPROGRAM=... -DCASE=name -DFOLDER=cases [-DUPDATE=1] -P run_case.cmake
# Compares what `cairn check CASE.yaml` prints with CASE.expected. With UPDATE the file is written
# anew: read it before it is committed.
if(NOT EXISTS "${FOLDER}/${CASE}.yaml")
  message(FATAL_ERROR "${CASE}.expected has no ${CASE}.yaml")
endif()
execute_process(
  COMMAND "${PROGRAM}" check "${CASE}.yaml"
  WORKING_DIRECTORY "${FOLDER}"
  RESULT_VARIABLE code
  OUTPUT_VARIABLE output
  ERROR_VARIABLE message)
if(UPDATE)
  file(WRITE "${FOLDER}/${CASE}.expected" "${message}")
endif()
file(READ "${FOLDER}/${CASE}.expected" expected)
if(NOT code STREQUAL "2")
  message(FATAL_ERROR "exit code ${code} instead of 2; stderr:\n${message}\nstdout:\n${output}")
endif()
if(NOT output STREQUAL "")
  message(FATAL_ERROR "a wrong file must print nothing to stdout, but it printed:\n${output}")
endif()
if(NOT message STREQUAL expected)
  message(FATAL_ERROR "expected:\n${expected}\nfound:\n${message}")
endif()
