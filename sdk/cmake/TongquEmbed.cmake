# tongqu_embed(<target> NAMESPACE <a::b> FILES <file>...): text files as constants of a library.
#
# FILES are relative to the calling folder. The target gets one generated source that defines <a::b>::embedded_file(name), declared in
# the target's own embedded_file.hpp: the text of the file of that name, and an empty view for any other. A changed file is built anew.
set(TONGQU_EMBED_SCRIPT ${CMAKE_CURRENT_LIST_DIR}/embed.cmake)

function(tongqu_embed target)
  cmake_parse_arguments(ARG "" "NAMESPACE" "FILES" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${target}_embedded.cpp)
  list(TRANSFORM ARG_FILES PREPEND ${CMAKE_CURRENT_SOURCE_DIR}/ OUTPUT_VARIABLE sources)
  list(JOIN ARG_FILES "|" names)
  add_custom_command(OUTPUT ${out}
    COMMAND ${CMAKE_COMMAND} -DOUT=${out} -DFOLDER=${CMAKE_CURRENT_SOURCE_DIR} -DNAMES=${names} -DNAMESPACE=${ARG_NAMESPACE} -P ${TONGQU_EMBED_SCRIPT}
    DEPENDS ${sources} ${TONGQU_EMBED_SCRIPT} VERBATIM)
  target_sources(${target} PRIVATE ${out})
endfunction()
