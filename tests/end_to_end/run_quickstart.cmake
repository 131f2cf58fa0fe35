# Runs the quickstart study into FOLDER, anew.
file(REMOVE_RECURSE "${FOLDER}")
execute_process(COMMAND "${PROGRAM}" run configs/studies/quickstart.yaml --out "${FOLDER}"
  RESULT_VARIABLE code)
if(NOT code EQUAL 0)
  message(FATAL_ERROR "the quickstart study ended with ${code}")
endif()
foreach(file IN ITEMS study.yaml manifest.yaml results.sqlite points.csv pareto.csv report.html)
  if(NOT EXISTS "${FOLDER}/${file}")
    message(FATAL_ERROR "${file} is missing from the run")
  endif()
endforeach()
