/** Commands in remedies: people paste them into a shell that holds credentials. */

/** One word for a POSIX shell, whatever is in it; as it stands when nothing in it means anything to a shell. */
export const shellQuote = (word: string): string =>
  /^[A-Za-z0-9_.,:/@%+=-]+$/.test(word) && !word.startsWith("=") ? word : `'${word.replaceAll("'", "'\\''")}'`;

/** A command; what is put in is one word each: shell`kubectl get pod ${name}`. */
export const shell = (parts: TemplateStringsArray, ...words: readonly string[]): string =>
  parts.map((part, index) => `${part}${index < words.length ? shellQuote(words[index] ?? "") : ""}`).join("");

/** Whether a Service's annotation holds nothing but what its documentation knows. */
export const isPlainValue = (text: string): boolean => /^[A-Za-z0-9._=,:/-]*$/.test(text);
