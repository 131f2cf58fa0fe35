# The SystemC kernel. Debian ships no CMake package for it, and builds it as C++17: its ABI tag must be named, or
# a C++20 program does not link. Private to the targets that simulate: the header is slow to compile.
find_package(PkgConfig REQUIRED)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
add_library(cairn_systemc INTERFACE)
target_link_libraries(cairn_systemc INTERFACE PkgConfig::SYSTEMC)
target_compile_definitions(cairn_systemc INTERFACE SC_CPLUSPLUS=201703L)
