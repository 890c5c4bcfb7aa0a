/** A strict check that markup is well-formed XML (no DTD but a doctype, no processing instructions), for tests of what we write. */

const NAME = /^[A-Za-z_:][\w:.-]*/;
const ENTITY = /&(?!(?:amp|lt|gt|quot|#39);)/;

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** All elements in document order. @throws Error that names the place and what is wrong there */
export function parseMarkup(text: string): Element[] {
  const elements: Element[] = [];
  const open: string[] = [];
  let at = 0;
  const fail = (problem: string): never => {
    throw new Error(`${problem} at ${at}: ${JSON.stringify(text.slice(Math.max(0, at - 40), at + 60))}`);
  };
  while (at < text.length) {
    const next = text.indexOf("<", at);
    const content = text.slice(at, next < 0 ? text.length : next);
    if (ENTITY.test(content)) fail("bare ampersand");
    if (/[^\t\n\r\u0020-\ufffd\u{10000}-\u{10ffff}]/u.test(content)) fail("forbidden character");
    if (next < 0) break;
    at = next;
    if (text.startsWith("<!DOCTYPE", at)) {
      at = text.indexOf(">", at) + 1;
      continue;
    }
    if (text.startsWith("</", at)) {
      const name = NAME.exec(text.slice(at + 2))?.[0] ?? fail("bad end tag");
      if (open.pop() !== name) fail(`unexpected </${name}>`);
      at += 2 + name.length + 1;
      if (text[at - 1] !== ">") fail("end tag not closed");
      continue;
    }
    at = startTag(text, at, open, elements, fail);
  }
  if (open.length > 0) throw new Error(`not closed: ${open.join(" ")}`);
  return elements;
}

function startTag(text: string, start: number, open: string[], elements: Element[], fail: (problem: string) => never): number {
  let at = start + 1;
  const name = NAME.exec(text.slice(at, at + 60))?.[0] ?? fail("bad start tag");
  at += name.length;
  const attributes: Record<string, string> = {};
  for (;;) {
    const space = /^\s*/.exec(text.slice(at, at + 20))?.[0].length ?? 0;
    at += space;
    if (text.startsWith("/>", at)) {
      elements.push({ name, attributes });
      return at + 2;
    }
    if (text[at] === ">") {
      open.push(name);
      elements.push({ name, attributes });
      return at + 1;
    }
    if (space === 0) fail("attributes need a space between them");
    const key = NAME.exec(text.slice(at, at + 60))?.[0] ?? fail("bad attribute");
    at += key.length;
    if (!text.startsWith('="', at)) fail(`attribute ${key} is not quoted`);
    const end = text.indexOf('"', at + 2);
    const value = text.slice(at + 2, end);
    if (end < 0 || value.includes("<") || ENTITY.test(value)) fail(`attribute ${key} is not escaped`);
    if (key in attributes) fail(`attribute ${key} twice`);
    attributes[key] = value;
    at = end + 1;
  }
}
