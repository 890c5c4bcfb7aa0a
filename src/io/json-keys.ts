/**
 * JSON.parse keeps the last of two equal keys in silence. Returns the first key that appears twice in one object of a text already
 * known to be valid JSON, or undefined. A plain scan: a regular expression overflows on strings of some megabytes.
 */
export function duplicateKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (let i = 0; i < json.length; i++) {
    if (json[i] === "{") open.push(new Set());
    else if (json[i] === "}") open.pop();
    else if (json[i] === '"') {
      const from = i++;
      while (json[i] !== '"') i += json[i] === "\\" ? 2 : 1;
      let after = i + 1;
      while (" \t\r\n".includes(json[after] ?? "!")) after++;
      if (json[after] !== ":") continue;
      const key: string = JSON.parse(json.slice(from, i + 1));
      const keys = open[open.length - 1];
      if (keys.has(key)) return key;
      keys.add(key);
    }
  }
  return undefined;
}
