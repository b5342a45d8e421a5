#compdef vodpost
# Completions of vodpost for zsh: what the words mean is asked of vodpost itself, which asks its daemon for titles.
_vodpost() {
    local line answer
    local -a values shown
    answer="$(command vodpost __complete zsh -- "${(@Q)words[1,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)"
    if [[ "$answer" == $'\tfiles' ]]; then
        _files
        return
    fi
    for line in "${(@f)answer}"; do
        [[ -n "$line" ]] || continue
        values+=("${line%%$'\t'*}")
        shown+=("${line/$'\t'/  -- }")
    done
    (( $#values )) && compadd -l -d shown -a values
}
# Loaded from a folder of functions, or sourced.
if [[ "$funcstack[1]" == _vodpost ]]; then
    _vodpost "$@"
elif (( $+functions[compdef] )); then
    compdef _vodpost vodpost
fi
