# ui.cmake - the target `ui`: the panel's page in SECVF_UI_DIST
set(UI ${CMAKE_CURRENT_LIST_DIR})
set(UI_PACKAGES ${CMAKE_BINARY_DIR}/ui-packages)
file(GLOB_RECURSE UI_SOURCES CONFIGURE_DEPENDS ${UI}/src/*)

add_custom_command(
  OUTPUT ${UI_PACKAGES}/installed
  COMMAND ${CMAKE_COMMAND} -DNPM=${NPM} -DFROM=${UI} -DTO=${UI_PACKAGES} -P ${UI}/install.cmake
  DEPENDS ${UI}/package.json ${UI}/package-lock.json
  COMMENT "Installing the packages of the panel's page"
  VERBATIM)
add_custom_command(
  OUTPUT ${SECVF_UI_DIST}/index.html
  COMMAND ${CMAKE_COMMAND} -E env SECVF_NODE_MODULES=${UI_PACKAGES}/node_modules ${NODE} ${UI}/build.mjs ${SECVF_UI_DIST}
  DEPENDS ${UI_PACKAGES}/installed ${UI_SOURCES} ${UI}/build.mjs ${UI}/index.html ${UI}/icon.svg
  COMMENT "Building the panel's page"
  VERBATIM)
add_custom_target(ui ALL DEPENDS ${SECVF_UI_DIST}/index.html)

# The type check looks for packages where they were installed.
file(CONFIGURE OUTPUT ${UI_PACKAGES}/tsconfig.json @ONLY CONTENT [[{
  "extends": "@UI@/tsconfig.json",
  "compilerOptions": { "noEmit": true, "paths": { "*": ["@UI_PACKAGES@/node_modules/*"] } },
  "include": ["@UI@/src"]
}
]])
