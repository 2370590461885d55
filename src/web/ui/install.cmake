# install.cmake - the locked packages of FROM into TO; TO/installed says that they are all there
#
#   cmake -DNPM=npm -DFROM=FOLDER -DTO=FOLDER -P install.cmake
file(REMOVE ${TO}/installed)
file(COPY ${FROM}/package.json ${FROM}/package-lock.json DESTINATION ${TO})
execute_process(COMMAND ${NPM} ci --ignore-scripts --no-audit --no-fund --loglevel=error
                WORKING_DIRECTORY ${TO} OUTPUT_QUIET ERROR_VARIABLE said RESULT_VARIABLE failed)
if(failed)
  message(FATAL_ERROR "npm ci in ${TO}, of ${FROM}/package-lock.json, failed (${failed}):\n${said}"
                      "It needs the network once. Without it: cmake -DSECVF_UI=OFF; the panel's server has only the API then.")
endif()
file(TOUCH ${TO}/installed)
