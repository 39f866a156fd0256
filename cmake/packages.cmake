# What `cmake --install` lays down, and the packages that scripts/package.sh makes of it: .deb and .tar.gz.
# The manual and the completion scripts are asked of the binary itself.
include(GNUInstallDirs)
set(folder ${PROJECT_BINARY_DIR}/package_files)
file(MAKE_DIRECTORY ${folder})

# The unit without how to install it by hand, for the places of a package.
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS contrib/systemd/weir.service)
file(READ contrib/systemd/weir.service unit)
string(REGEX REPLACE " To install it, as root:\n#\n(#   [^\n]*\n)+" "\n" unit "${unit}")
string(REPLACE "/usr/local/bin/weir" "/usr/bin/weir" unit "${unit}")
string(REPLACE "file:///usr/local/share/doc/weir/README.md" "man:weir(1)" unit "${unit}")
file(WRITE ${folder}/weir.service "${unit}")

add_custom_command(
  OUTPUT ${folder}/weir.1.gz ${folder}/weir.bash ${folder}/_weir ${folder}/weir.fish
  COMMAND weir manual > ${folder}/weir.1
  COMMAND gzip -9nf ${folder}/weir.1
  COMMAND weir completion bash > ${folder}/weir.bash
  COMMAND weir completion zsh > ${folder}/_weir
  COMMAND weir completion fish > ${folder}/weir.fish
  DEPENDS weir VERBATIM COMMENT "Asking weir for its manual and completion scripts")
add_custom_target(package_files ALL
  DEPENDS ${folder}/weir.1.gz ${folder}/weir.bash ${folder}/_weir ${folder}/weir.fish)

install(TARGETS weir RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(FILES ${folder}/weir.1.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${folder}/weir.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME weir)
install(FILES ${folder}/_weir DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions)
install(FILES ${folder}/weir.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${folder}/weir.service DESTINATION lib/systemd/system)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} RENAME copyright)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md")
install(FILES config/weir.example.yaml contrib/grafana/weir.json contrib/prometheus/rules.yml
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
install(FILES packaging/weir.yaml DESTINATION /etc/weir)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PACKAGE_NAME weir)
set(CPACK_PACKAGE_VENDOR weir)
set(CPACK_PACKAGE_CONTACT "weir <weir@localhost>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "one OpenAI-compatible endpoint in front of many LLM providers")
set(CPACK_SET_DESTDIR ON)  # the configuration lies outside of the prefix, in the archive too
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_STRIP_FILES TRUE)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
  "A local daemon that knows the quota windows of many rate-limited, often free,
 LLM providers, and sends each request to one that has room.")
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS "ca-certificates, tzdata")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/packaging/debian/conffiles ${PROJECT_SOURCE_DIR}/packaging/debian/postinst
  ${PROJECT_SOURCE_DIR}/packaging/debian/prerm ${PROJECT_SOURCE_DIR}/packaging/debian/postrm)
include(CPack)
