/** The page's fixed elements by id, and small DOM chores. */

/** @throws Error when page.html lacks the element: the two files belong together */
export function element<T extends HTMLElement>(id: string): T {
  const found = document.getElementById(id);
  if (!found) throw new Error(`page.html has no element with id "${id}"`);
  return found as T;
}

/** Offers bytes as a download. */
export function download(name: string, bytes: Uint8Array | string, type: string): void {
  const url = URL.createObjectURL(new Blob([bytes as BlobPart], { type }));
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

/** Puts a figure made by the library (its texts are escaped there) and a caption into a <figure>. */
export function showFigure(id: string, svg: string, caption = ""): void {
  const figure = element<HTMLElement>(id);
  figure.innerHTML = svg;
  if (!caption) return;
  const text = document.createElement("figcaption");
  text.textContent = caption;
  figure.append(text);
}

/** A table from rows of texts; the first row is the head, the first column names. */
export function showTable(id: string, rows: readonly (readonly string[])[], notes: readonly string[]): void {
  const table = document.createElement("table");
  rows.forEach((cells, row) => {
    const line = (row === 0 ? table.createTHead() : (table.tBodies[0] ?? table.createTBody())).insertRow();
    cells.forEach((cell, column) => {
      const box = document.createElement(row === 0 || column === 0 ? "th" : "td");
      box.textContent = cell;
      line.append(box);
    });
  });
  const sentences = notes.map((note) => {
    const paragraph = document.createElement("p");
    paragraph.textContent = note;
    return paragraph;
  });
  element(id).replaceChildren(table, ...sentences);
}
