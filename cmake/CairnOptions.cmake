# One interface target carries the standard, the warnings and the sanitizers.
add_library(cairn_options INTERFACE)
target_compile_features(cairn_options INTERFACE cxx_std_20)
set(CMAKE_CXX_EXTENSIONS OFF)
# -O3 costs half as much compile time again and gains nothing measurable here.
set(CMAKE_CXX_FLAGS_RELEASE "-O2 -DNDEBUG")
target_include_directories(cairn_options INTERFACE "${PROJECT_SOURCE_DIR}")
target_compile_options(cairn_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wold-style-cast
  -Wnon-virtual-dtor -Woverloaded-virtual -Wcast-align -Wformat=2)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  target_compile_options(cairn_options INTERFACE
    -Wduplicated-cond -Wlogical-op $<$<CONFIG:Debug>:-Wnull-dereference> -Wuseless-cast)
  if(CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    # False alarms of GCC 12 on `"text" + std::string` (GCC PR 105651, fixed in 13).
    target_compile_options(cairn_options INTERFACE -Wno-restrict)
  endif()
endif()
if(CAIRN_WERROR)
  target_compile_options(cairn_options INTERFACE -Werror)
endif()
# Contraction of a*b+c would make results depend on the compiler's choice of instructions.
target_compile_options(cairn_options INTERFACE -ffp-contract=off)
target_compile_definitions(cairn_options INTERFACE $<$<CONFIG:Debug>:_GLIBCXX_ASSERTIONS>)
if(CAIRN_SANITIZE)
  target_compile_options(cairn_options INTERFACE
    -fsanitize=${CAIRN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(cairn_options INTERFACE -fsanitize=${CAIRN_SANITIZE})
endif()
if(CAIRN_COVERAGE)
  target_compile_options(cairn_options INTERFACE --coverage)
  target_link_options(cairn_options INTERFACE --coverage)
endif()

# cairn_library(name SOURCES a.cpp ... LINK x y): a static library with the house options.
function(cairn_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LINK;PRIVATE_LINK" ${ARGN})
  add_library(${name} STATIC ${ARG_SOURCES})
  target_link_libraries(${name} PUBLIC cairn_options ${ARG_LINK} PRIVATE ${ARG_PRIVATE_LINK})
endfunction()
