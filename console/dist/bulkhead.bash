# Completion of vmcp, bulkhead and cpd for bash.  The commands are those CP lets this user
# issue: it is asked.
# shellcheck shell=bash

# Asks the CP of a run-time directory, or of the usual one if that is "".
_bulkhead_ask() {
	local where=()
	[ -z "$1" ] || where=(-r "$1")
	shift
	vmcp "${where[@]}" "$@" 2>/dev/null </dev/null
}

_bulkhead_commands() {
	_bulkhead_ask "$1" QUERY COMMANDS | tr -s ' ,' '\n' | grep -E '^[A-Z]+$'
}

_bulkhead_userids() {
	_bulkhead_ask "$1" -j QUERY NAMES |
		grep -oE '"userid": ?"[^"]+"' | cut -d'"' -f4
}

# What completes the word after -c -d -r -s -L -u -C; fails where the word is another.
_bulkhead_operand() {
	case $2 in
	-c | -d) mapfile -t COMPREPLY < <(compgen -f -- "$1") ;;
	-r | -s | -L) mapfile -t COMPREPLY < <(compgen -d -- "$1") ;;
	-u | -C) mapfile -t COMPREPLY < <(compgen -W "$(_bulkhead_userids "$3")" -- "${1^^}") ;;
	*) return 1 ;;
	esac
}

_bulkhead() {
	local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} i run='' first=0
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		-r) run=${COMP_WORDS[++i]-} ;;
		-u | -C | -c | -d | -s | -w | -L) i=$((i + 1)) ;;
		-*) ;;
		*) first=$i; break ;;
		esac
	done
	COMPREPLY=()
	[ "$first" -eq 0 ] && _bulkhead_operand "$word" "$before" "$run" && return
	case ${COMP_WORDS[0]##*/} in
	vmcp)
		if [ "$first" -gt 0 ]; then
			mapfile -t COMPREPLY < <(compgen -W "$(_bulkhead_userids "$run")" -- "${word^^}")
		elif [[ $word == -* ]]; then
			mapfile -t COMPREPLY < <(compgen -W "-j -u -r -w -h -V" -- "$word")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_bulkhead_commands "$run")" -- "${word^^}")
		fi ;;
	bulkhead) mapfile -t COMPREPLY < <(compgen -W "-u -C -r -F -h -V" -- "$word") ;;
	cpd) mapfile -t COMPREPLY < <(compgen -W "-c -d -r -s -f --check --hash" -- "$word") ;;
	esac
}

complete -F _bulkhead vmcp bulkhead cpd
