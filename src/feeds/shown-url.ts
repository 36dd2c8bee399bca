/** A URL without user and password, for people and for files that everyone may read. */
export function shownUrl(text: string): string {
  const url = new URL(text);
  [url.username, url.password] = ['', ''];
  return url.href;
}
