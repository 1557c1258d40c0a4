const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

/** An element in EC2's manner: lists become `<item>`s, `undefined` is left out. */
export function xml(name: string, value: unknown): string {
  if (value === undefined || value === null) return '';
  if (Array.isArray(value)) return `<${name}>${value.map((one) => xml('item', one)).join('')}</${name}>`;
  if (typeof value === 'object') {
    const fields = Object.entries(value).map(([key, item]) => xml(key, item));
    return `<${name}>${fields.join('')}</${name}>`;
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return `<${name}>${escaped(text)}</${name}>`;
}
