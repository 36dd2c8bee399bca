/** A module of its own, to be imported when it is needed: of a CommonJS package, a bundle has names only like this. */
export { stringify } from 'yaml';
