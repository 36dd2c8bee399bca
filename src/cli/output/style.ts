const SGR = { bold: '1', dim: '2', red: '31', green: '32', yellow: '33', cyan: '36' } as const;

export type StyleName = keyof typeof SGR;

/** Puts a text into a style, or leaves it as it is where there are no colours. */
export type Paint = (style: StyleName, text: string) => string;

const RESET = '\u001b[0m';

export function createPaint(color: boolean): Paint {
  return color ? (style, text) => (text === '' ? '' : `\u001b[${SGR[style]}m${text}${RESET}`) : (_style, text) => text;
}

export const plain: Paint = createPaint(false);

export const verdictStyles = { allow: 'green', drop: 'red', reject: 'yellow' } as const satisfies Record<
  string,
  StyleName
>;

/** The style of an action: that of its verdict; actions that go on have none of their own. */
export function actionStyle(action: string): StyleName {
  return action in verdictStyles ? verdictStyles[action as keyof typeof verdictStyles] : 'cyan';
}
