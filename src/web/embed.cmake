# Files as C: cmake -DOUT=FILE.c -DNAME=TABLE -DROOT=FOLDER [-DFILES=a;b] -P embed.cmake
#
# Writes `const struct embedded TABLE[]` (src/web/embedded.h) with the files of ROOT: those of FILES, or all in it and
# in the folders below, by their names from there, sorted. There need be none, nor ROOT. OUT is written only where it
# would change, so that nothing is compiled anew for nothing.
if(NOT FILES AND IS_DIRECTORY "${ROOT}")
  file(GLOB_RECURSE FILES RELATIVE "${ROOT}" "${ROOT}/*")
endif()
list(SORT FILES)

set(types "html=text/html\\; charset=utf-8" "js=text/javascript\\; charset=utf-8" "css=text/css\\; charset=utf-8"
    "json=application/json" "map=application/json" "svg=image/svg+xml" "png=image/png" "ico=image/x-icon"
    "woff2=font/woff2" "wasm=application/wasm" "txt=text/plain\\; charset=utf-8")

# The same files as last time need not be read again.
set(seen "")
foreach(file IN LISTS FILES)
  file(SHA256 "${ROOT}/${file}" sum)
  string(APPEND seen "// ${sum} ${file}\n")
endforeach()
file(SHA256 "${CMAKE_CURRENT_LIST_FILE}" sum)
string(APPEND seen "// ${sum} ${NAME}\n\n")
if(EXISTS "${OUT}")
  string(LENGTH "${seen}" length)
  file(READ "${OUT}" head LIMIT ${length})
  if(head STREQUAL seen)
    return()
  endif()
endif()

set(arrays "")
set(rows "")
set(i 0)
foreach(file IN LISTS FILES)
  file(READ "${ROOT}/${file}" hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
  if(bytes STREQUAL "")
    set(bytes "0")
  endif()
  set(mime "application/octet-stream")
  string(REGEX REPLACE ".*\\." "" ending "${file}")
  foreach(type IN LISTS types)
    if(type MATCHES "^${ending}=(.*)$")
      set(mime "${CMAKE_MATCH_1}")
    endif()
  endforeach()
  # As esbuild names what it makes: main-ABCD1234.js
  set(hashed false)
  if(file MATCHES "-[0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z][0-9A-Z]\\.[^/]*$")
    set(hashed true)
  endif()
  file(SIZE "${ROOT}/${file}" size)
  string(APPEND arrays "static const unsigned char bytes_${i}[] = {\n${bytes}\n};\n\n")
  string(APPEND rows "\t{\"${file}\", \"${mime}\", bytes_${i}, ${size}, ${hashed}},\n")
  math(EXPR i "${i} + 1")
endforeach()
file(WRITE "${OUT}" "${seen}#include \"web/embedded.h\"\n\n${arrays}const struct embedded ${NAME}[] = {\n${rows}"
     "\t{0, 0, 0, 0, false},\n};\n")
