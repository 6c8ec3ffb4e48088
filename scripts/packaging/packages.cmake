# What is installed besides the program and the library, and the packages that cpack makes of it (scripts/package).

# pkg-config finds the prefix from where the file is.
file(RELATIVE_PATH CTXCOST_PC_PREFIX /prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig /prefix)
configure_file(scripts/packaging/ctxcost.pc.in ctxcost.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/ctxcost.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The links of the README and of docs/ lead to the same places as in the source.
install(FILES README.md CHANGELOG.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs examples DESTINATION ${CMAKE_INSTALL_DOCDIR} PATTERN CMakeLists.txt EXCLUDE PATTERN run.cmake EXCLUDE)
install(DIRECTORY configs DESTINATION ${CMAKE_INSTALL_DATADIR}/ctxcost)

# The licences of what is linked into the program, or embedded in it.
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
file(GLOB CTXCOST_LICENCES CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/third_party
  ${PROJECT_SOURCE_DIR}/third_party/*/LICENSE)
foreach(licence IN LISTS CTXCOST_LICENCES)
  get_filename_component(of ${licence} DIRECTORY)
  install(FILES third_party/${licence} DESTINATION ${CMAKE_INSTALL_DOCDIR}/licences RENAME ${of})
endforeach()

# The package for npm holds the static program; its names of processors are those of node.
set(CTXCOST_NPM_CPU ${CMAKE_SYSTEM_PROCESSOR})
if(CTXCOST_NPM_CPU STREQUAL "x86_64")
  set(CTXCOST_NPM_CPU x64)
elseif(CTXCOST_NPM_CPU STREQUAL "aarch64")
  set(CTXCOST_NPM_CPU arm64)
endif()
configure_file(scripts/packaging/package.json.in package.json @ONLY)

string(TOLOWER ${CMAKE_SYSTEM_NAME} system)
set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_VENDOR "the ctxcost developers")
set(CPACK_PACKAGE_CONTACT "the ctxcost developers")
set(CPACK_PACKAGE_FILE_NAME ctxcost-${PROJECT_VERSION}-${system}-${CMAKE_SYSTEM_PROCESSOR})
set(CPACK_STRIP_FILES ON)
# Whatever the umask.
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_VERBATIM_VARIABLES ON)
set(CPACK_PRE_BUILD_SCRIPTS ${PROJECT_SOURCE_DIR}/scripts/packaging/before_packing.cmake)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "A calculator for the cost of long contexts: parameters, attention FLOPs,
KV-cache bytes, memory and bounds on times, exactly and offline, from a
config.json, a GGUF or safetensors file, or a built-in catalogue of models and
GPUs. With the C++ library, its headers, CMake package and pkg-config file.")
# Of the program as it is linked: nothing where it is static.
if(NOT CTXCOST_STATIC)
  set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
endif()
# A project that builds this one within its own packs itself.
if(PROJECT_IS_TOP_LEVEL)
  include(CPack)
endif()
