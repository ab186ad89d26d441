/** A category of the wire as words: `CredentialAccess` → `Credential access`. Pure. */
export function categoryText(category: string): string {
  const words = category.replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}
