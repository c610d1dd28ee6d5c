import { Command } from "cmdk";

interface SearchFieldProps {
  testId: string;
  query: string;
  onQuery: (query: string) => void;
  placeholder: string;
}

/** The field above a list to choose from, in which one types at once. */
export function SearchField({ testId, query, onQuery, placeholder }: SearchFieldProps) {
  return (
    <Command.Input
      data-testid={testId}
      autoFocus
      value={query}
      onValueChange={onQuery}
      placeholder={placeholder}
      className="h-12 w-full border-line border-b bg-transparent px-4 text-[15px] outline-none placeholder:text-ink-3"
    />
  );
}
