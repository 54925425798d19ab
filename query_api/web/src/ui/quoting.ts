/** Text as the languages of copied commands and programs write it: nothing in it can end its place. */

/** A word of a POSIX shell's command line. */
export function shellWord(text: string): string {
  return /^[\w./:=@%,+-]+$/.test(text) ? text : shellText(text);
}

/** The same, in quotes whatever it is: shells take what stands in single quotes as it is. */
export function shellText(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A string of Python: JSON's strings are strings of Python, too. */
export function pythonText(text: string): string {
  return JSON.stringify(text);
}
