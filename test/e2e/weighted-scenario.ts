/** The rehearsals of weighted traffic: the same moves, whatever kind of load balancer divides it. */
import { rehearsesScenario } from "./scenario";

export const rehearsesWeighted = (name: string, title: string): void =>
  rehearsesScenario(name, {
    title,
    claims: 8,
    steps: [
      "provision green",
      "admit green",
      "shift blue 90, green 10",
      "shift blue 50, green 50",
      "shift blue 0, green 100",
      "drain blue",
      "scale blue",
      "retire blue",
      // a new member that answers errors
      "provision blue",
      "admit blue",
      // Its errors are seen within the hold of the shift, or in the bake after it.
      "?shift blue 10, green 90",
      "shift blue 0, green 100",
      "drain blue",
    ],
  });
