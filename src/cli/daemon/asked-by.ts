/** What a command says of who asks, for the history: sudo's user, who the kernel may not know. */
export function askedBy(): { sudoUser?: string } {
  const { SUDO_USER: sudoUser } = process.env;
  return sudoUser ? { sudoUser } : {};
}
