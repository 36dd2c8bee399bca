/** What an error of node:fs says of a file that was to be read, as a sentence that begins with its name. */
export function unreadableFile(path: string, { code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return `${path} does not exist`;
    case 'EISDIR':
      return `${path} is a directory`;
    case 'EACCES':
    case 'EPERM':
      return `${path} may not be read by this user (${code})`;
    default:
      // Paths with NUL bytes (ERR_INVALID_ARG_VALUE), loops of links, names too long, I/O errors.
      return `${path} cannot be read: ${code ?? message}`;
  }
}
