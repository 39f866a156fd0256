// Which key of the configuration a line of the effective YAML is, and which line of the file set it. weir prints
// that YAML itself, two spaces a level, so this needn't read any other.

function splitKey(text) {
  const quoted = /^"((?:[^"\\]|\\.)*)":(\s|$)/.exec(text);
  if (quoted) return quoted[1].replace(/\\(.)/g, '$1');
  const bare = /^([^\s"'[\]{}#&*!|>%@`][^#]*?):(\s|$)/.exec(text);
  return bare ? bare[1] : undefined;
}

// api_key is the short form of keys, and keys are what is printed.
function lineOf(path, lines) {
  const short = path.replace(/\.keys(\.0)?$/, '.api_key');
  return lines[path] ?? lines[short] ?? lines[`${short}_file`] ?? null;
}

// For each line: its text, its path ("models.smart.targets.0") and the line of the file, where there is one.
export function withOrigins(yaml, lines) {
  const open = []; // {indent, name, items} of the keys and items around
  return yaml.replace(/\n$/, '').split('\n').map((text) => {
    let indent = text.length - text.trimStart().length;
    let content = text.trimStart();
    const unwind = () => {
      while (open.length > 0 && open.at(-1).indent >= indent) open.pop();
    };
    unwind();
    let isKey = false;
    while (content.startsWith('- ')) {
      const list = open.at(-1);
      if (list) {
        list.items += 1;
        open.push({ indent, name: String(list.items - 1), items: 0 });
      }
      indent += 2;
      content = content.slice(2);
      isKey = true;
    }
    const key = splitKey(content);
    if (key !== undefined) {
      open.push({ indent, name: key, items: 0 });
      isKey = true;
    }
    const path = isKey ? open.map((one) => one.name).join('.') : '';
    return { text, path, line: lineOf(path, lines) };
  });
}
