# Completions of vodpost for bash: what the words mean is asked of vodpost itself, which asks its daemon for titles.
_vodpost() {
    local line
    COMPREPLY=()
    # The line up to the cursor, and of it what will be replaced. Each answer is quoted as the line needs it.
    while IFS= read -r line; do
        COMPREPLY+=("$line")
    done < <(command vodpost __complete bash -- "${COMP_LINE:0:COMP_POINT}" "$2" 2>/dev/null)
    if [[ ${COMPREPLY[0]-} == $'\tfiles' ]]; then
        COMPREPLY=()
        compopt -o filenames -o default 2>/dev/null
    fi
}
complete -F _vodpost vodpost
