import { inNamespace, namespaceInode, openNamespace } from '../kernel/index.ts';

/** The network namespace of this moment, to come back to. */
export function rememberNamespace(): { call<T>(action: () => T): T; close(): void } {
  const namespace = openNamespace({ path: '/proc/thread-self/ns/net' });
  const inode = namespaceInode();
  return {
    call: (action) => (namespaceInode() === inode ? action() : inNamespace(namespace, action)),
    close: namespace.close,
  };
}
