# Completions of vodpost for fish: what the words mean is asked of vodpost itself, which asks its daemon for titles.
function __vodpost_complete
    set -l before (commandline -opc)
    set -l token (commandline -ct)
    set -l current (string unescape -- $token)
    # In quotes that are still open.
    or set current (string sub -s 2 -- $token)
    test -n "$current"; or set current ''
    set -l answer (command vodpost __complete fish -- $before $current 2>/dev/null)
    if test "$answer" = \tfiles
        __fish_complete_path $token
        return
    end
    test -n "$answer"; and printf '%s\n' $answer
end
complete -c vodpost -f -a '(__vodpost_complete)'
