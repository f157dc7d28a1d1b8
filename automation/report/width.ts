/** Narrower than this, lines are wrapped by the terminal: nothing can be laid out. */
const leastColumns = 30;

/** Of a terminal; of anything else, whoever reads it wraps. */
export const widthOf = ({ isTTY, columns }: Pick<NodeJS.WriteStream, "isTTY" | "columns">): number =>
  isTTY && columns >= leastColumns ? columns : Infinity;
