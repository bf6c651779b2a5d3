/** A vision to start from: headings, actors, goals and constraints, as the outline author reads them. */
export const EXAMPLE_VISION = `# Press portal

Customers of a printing house see the state of their orders and approve proofs without a phone call.

## Actors
- Customer
- Printer
- Planner

## Goals
- A proof is approved within an hour of being sent
- Everybody sees the state of an order without asking
- The presses are planned a week ahead

## Proofing online
- Show a proof page by page, with zoom
- Mark a place and write what is wrong there
- Compare two versions side by side
- Remind the customer before the deadline

## Planning the presses
- Plan jobs on presses by day and shift
- Show setup times and paper stock beside the plan
- Warn when a job cannot be ready in time

## Constraints
- Works on a phone
- Customers' files never leave the house
- Texts in English and German
`;
