# bash completion for nicctl(1)

_nicctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}
    local commands="status devices device plan apply release reload reload-drivers rescan verify wait modules resources gpus node-state watch explain import check-config"
    local command="" position=0 word index
    for ((index = 1; index < COMP_CWORD; index++)); do
        word=${COMP_WORDS[index]}
        case $word in
            -*) ;;
            *) if [[ -z $command ]]; then command=$word; else position=$((position + 1)); fi ;;
        esac
    done
    if [[ -z $command ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$commands --json --help" -- "$cur")
        return
    fi
    # PCI addresses have colons, at which readline breaks words: complete behind the last one.
    local line=${COMP_LINE:0:COMP_POINT} whole
    whole=${line##* }
    if [[ $cur != -* ]] && { [[ $prev == --device || $line == *"--device ${whole}" ]] ||
        { [[ $command == device || $command == release || $command == explain ]] && [[ $line =~ " $command "[^[:space:]]*$ ]]; }; }; then
        mapfile -t COMPREPLY < <(compgen -W "$(nicctl devices 2>/dev/null | awk 'NR > 1 {print $1}')" -- "$whole")
        [[ $COMP_WORDBREAKS == *:* && $whole == *:* ]] && COMPREPLY=("${COMPREPLY[@]#"${whole%"${whole##*:}"}"}")
        return
    fi
    if [[ $command == explain && $cur != -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(nicctl resources 2>/dev/null | awk 'NR > 1 && NF == 0 {exit} NR > 1 {print $1}')" -- "$cur")
        return
    fi
    if [[ ($command == import || $command == check-config) && $cur != -* && $prev != --resource-prefix ]]; then
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
    fi
    case $command in
        import) mapfile -t COMPREPLY < <(compgen -W "--resource-prefix --json --help" -- "$cur") ;;
        plan) mapfile -t COMPREPLY < <(compgen -W "--force --device --json --help" -- "$cur") ;;
        apply) mapfile -t COMPREPLY < <(compgen -W "--wait --force --device --json --help" -- "$cur") ;;
        release) mapfile -t COMPREPLY < <(compgen -W "--restore --json --help" -- "$cur") ;;
        wait) mapfile -t COMPREPLY < <(compgen -W "--timeout --json --help" -- "$cur") ;;
        reload-drivers) mapfile -t COMPREPLY < <(compgen -W "--plan --force --wait --json --help @mlx5 @mlx4 @user-access @ipoib @vfio @vdpa $(nicctl modules 2>/dev/null | awk 'NR > 1 {print $1}')" -- "$cur") ;;
        rescan) mapfile -t COMPREPLY < <(compgen -W "--wait --json --help" -- "$cur") ;;
        *) mapfile -t COMPREPLY < <(compgen -W "--json --help" -- "$cur") ;;
    esac
}
complete -o filenames -F _nicctl nicctl
