import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, it } from "vitest";
import { InputControl } from "./InputControl";

afterEach(cleanup);

it.each(["str", "dict"])("never puts the name of a large value of type %s into its field", (type) => {
  const port = { id: "text", type, value: { $stored: "3f00" } };
  render(<InputControl node="n" port={port} where="node" />);
  const field = screen.getByTestId("input-n-text");
  expect(field).toHaveProperty("value", "");
  expect(field.getAttribute("placeholder")).toBe("large value; typing replaces it");
});

it("says none of a colour that is not set", () => {
  const port = { id: "c", type: "color", value: null };
  const { container } = render(<InputControl node="n" port={port} where="node" />);
  expect(container.textContent).toBe("none");
});
