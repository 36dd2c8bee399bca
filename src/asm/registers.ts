declare const registerBrand: unique symbol;

/** A register. An object, not a number, so that `mov(R1, R2)` and `mov(R1, 2)` are told apart by type and at run time. */
export interface Register {
  readonly [registerBrand]: true;
  /** 0 to 10, as encoded. */
  readonly number: number;
}

/** The value that a function returns; every call overwrites it. */
export const R0 = register(0);
/** First argument of a call; at the entry of a program, its context. R1 to R5 do not survive a call. */
export const R1 = register(1);
export const R2 = register(2);
export const R3 = register(3);
export const R4 = register(4);
export const R5 = register(5);
/** R6 to R9 survive calls. */
export const R6 = register(6);
export const R7 = register(7);
export const R8 = register(8);
export const R9 = register(9);
/** The frame pointer, read only: the stack is the 512 bytes below it. */
export const R10 = register(10);

function register(number: number): Register {
  return Object.freeze({ number }) as Register;
}
