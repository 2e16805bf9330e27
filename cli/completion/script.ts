import type { Command } from 'commander';
import { VALUE_KINDS } from './values.ts';

type Shell = 'bash' | 'zsh' | 'fish';

/** One command of the tree, flattened: `suppliers replace`. */
interface Node {
  readonly path: string;
  readonly words: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly { readonly name: string; readonly description: string }[];
  /** What the first argument is: a kind the node lists, fixed choices, or files. */
  readonly values: { readonly kind: string } | { readonly choices: readonly string[] } | 'files' | null;
}

/** The completion script of a shell. Commands and options are written into it; ids are asked for when needed. */
export function completionScript(program: Command, shell: Shell): string {
  const nodes = flatten(program, '');
  if (shell === 'bash') return bash(nodes);
  return shell === 'zsh' ? zsh(nodes) : fish(nodes);
}

function flatten(command: Command, path: string): Node[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  const node: Node = {
    path,
    words: children.map((child) => ({ name: child.name(), description: child.description() })),
    options: [...help.visibleOptions(command), ...(path === '' ? [] : help.visibleGlobalOptions(command))].flatMap(
      (option) => (option.long ? [{ name: option.long, description: option.description }] : []),
    ),
    values: valuesOf(command),
  };
  const below = children.flatMap((child) => flatten(child, path === '' ? child.name() : `${path} ${child.name()}`));
  return [node, ...below];
}

function valuesOf(command: Command): Node['values'] {
  const [argument] = command.registeredArguments;
  if (!argument) return null;
  if (argument.argChoices) return { choices: argument.argChoices };
  const name = argument.name();
  if ((VALUE_KINDS as readonly string[]).includes(name)) return { kind: name };
  return name === 'path' || name === 'file' ? 'files' : null;
}

function bash(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words, options, values }) => {
    const fixed = [...words, ...options].map(({ name }) => name);
    if (values && values !== 'files' && 'choices' in values) fixed.push(...values.choices);
    const lines = [`words="${fixed.join(' ')}"`];
    if (values === 'files') lines.push('files=1');
    else if (values && 'kind' in values) lines.push(`kind=${values.kind}`);
    return `    '${path}') ${lines.join('; ')} ;;`;
  });
  return `# bash completion of bitdust
_bitdust() {
  local cur="\${COMP_WORDS[COMP_CWORD]}" path= word words= kind= files= known=" ${pathsOf(nodes)} "
  local i
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
    [[ "$known" == *" \${path:+\${path}/}$word "* ]] && path="\${path:+\${path}/}$word"
  done
  case "\${path//// }" in
${cases.join('\n')}
  esac
  if [[ -n "$kind" && "$cur" != -* ]]; then words="$words $(bitdust completion values "$kind" 2>/dev/null)"; fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
  if [[ -n "$files" && "$cur" != -* ]]; then COMPREPLY+=($(compgen -f -- "$cur")); fi
}
complete -o filenames -F _bitdust bitdust
`;
}

function zsh(nodes: readonly Node[]): string {
  const cases = nodes.map(({ path, words, options, values }) => {
    const entries = [...words, ...options].map(({ name, description }) => `'${name}:${quoted(description)}'`);
    if (values && values !== 'files' && 'choices' in values)
      entries.push(...values.choices.map((choice) => `'${choice}'`));
    const more = values === 'files' ? ' files=1' : values && 'kind' in values ? ` kind=${values.kind}` : '';
    return `    '${path}') entries=(${entries.join(' ')})${more} ;;`;
  });
  return `#compdef bitdust
_bitdust() {
  local known=" ${pathsOf(nodes)} " path_= word kind= files=
  local -a entries values
  for word in "\${words[@]:1:$((CURRENT - 2))}"; do
    [[ "$known" == *" \${path_:+\${path_}/}$word "* ]] && path_="\${path_:+\${path_}/}$word"
  done
  case "\${path_//\\// }" in
${cases.join('\n')}
  esac
  if [[ -n "$kind" ]]; then values=(\${(f)"$(bitdust completion values $kind 2>/dev/null)"}); compadd -a values; fi
  _describe 'bitdust' entries
  [[ -n "$files" ]] && _files
}
compdef _bitdust bitdust
`;
}

function fish(nodes: readonly Node[]): string {
  const lines = nodes.flatMap(({ path, words, options, values }) => {
    const here = `complete -c bitdust -n '__bitdust_at "${path}"'`;
    const of = (entry: { readonly description: string }) => `-d '${quoted(entry.description)}'`;
    const more: string[] = [];
    if (values === 'files') more.push(`${here} -F`);
    else if (values && 'kind' in values)
      more.push(`${here} -f -a '(bitdust completion values ${values.kind} 2>/dev/null)'`);
    else if (values) more.push(`${here} -f -a '${values.choices.join(' ')}'`);
    return [
      ...words.map((word) => `${here} -f -a ${word.name} ${of(word)}`),
      ...options.map((option) => `${here} -l ${option.name.slice(2)} ${of(option)}`),
      ...more,
    ];
  });
  return `# fish completion of bitdust
set -g __bitdust_known ${pathsOf(nodes)}
function __bitdust_at
  set -l path
  for word in (commandline -opc)[2..]
    set -l next (string join / $path $word)
    contains -- $next $__bitdust_known; and set path (string split / $next)
  end
  test (string join ' ' $path) = "$argv[1]"
end
complete -c bitdust -f
${lines.join('\n')}
`;
}

/** Every command, with a slash between its words, so that it is one word of the shell. */
function pathsOf(nodes: readonly Node[]): string {
  return nodes.flatMap(({ path }) => (path === '' ? [] : path.replaceAll(' ', '/'))).join(' ');
}

function quoted(text: string): string {
  return text.replaceAll("'", '’').replaceAll(':', ' ');
}
