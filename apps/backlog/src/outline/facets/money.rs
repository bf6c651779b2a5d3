//! Somebody pays.

use super::{Facet, Proof, Who, Work, bounds, core_of, proves, refuses, works};

/// The story that the vision itself tells.
pub(super) const CORE: Facet = core_of(
    Work::Flow,
    8,
    "I know that it is settled and can prove it",
    &[
        works(
            "paid in full",
            "the amount and its parts are shown",
            "the {actor} sets out to {act} and confirms",
            "it is booked once, and a receipt with number, date and amount is there",
        ),
        refuses(
            "payment refused",
            "the provider refuses the payment",
            "the {actor} confirms",
            "nothing is booked, the reason is shown, and another way to pay is offered",
        ),
        proves(
            Proof::Recovery,
            "answer lost",
            "the provider's answer is lost",
            "the {actor} looks again",
            "the state is asked for at the provider, and no second payment is made",
        ),
        bounds(
            "smallest amounts",
            "an amount of 0.01 and one of 0",
            "they are to be booked",
            "the first is booked to the cent, and the second needs no payment",
        ),
    ],
);

/// What follows from it, the most useful first.
pub(super) const FOLLOWING: &[Facet] = &[
    Facet {
        title: "Get a receipt for {acting} and find it again",
        want: "a receipt for {acting} that I can find again",
        good: "I can claim it or complain about it later",
        noun: "receipts for {acting}",
        who: Who::Doer,
        points: 3,
        work: Work::Read,
        checks: &[
            works(
                "receipt",
                "it has been booked",
                "the {actor} opens their bookings",
                "the receipt can be opened and saved as PDF",
            ),
            bounds(
                "tax",
                "items with different tax rates",
                "the receipt is made",
                "each rate is listed with its amount, and the sum is right to the cent",
            ),
            proves(
                Proof::Security,
                "somebody else's receipt",
                "the number of another person's receipt",
                "its address is opened",
                "it is refused",
            ),
        ],
    },
    Facet {
        title: "Give money back after {acting} went wrong",
        want: "to give money back in full or in part",
        good: "a mistake is settled in minutes",
        noun: "refunds after {acting}",
        who: Who::Other,
        points: 5,
        work: Work::Flow,
        checks: &[
            works(
                "in part",
                "a booking of 20.00",
                "7.50 are given back with a reason",
                "the booking shows 12.50 and the refund with its reason",
            ),
            refuses(
                "more than was paid",
                "a booking of 20.00 of which 15.00 were given back",
                "6.00 are to be given back",
                "it is refused with the amount that is left",
            ),
            bounds(
                "given back twice",
                "two people give the same amount back at once",
                "both confirm",
                "it is given back once",
            ),
        ],
    },
    Facet {
        title: "Reconcile {acting} with the bank each day",
        want: "to compare each day's bookings with the provider's statement",
        good: "differences are found while people remember",
        noun: "the reconciliation of {acting}",
        who: Who::Other,
        points: 5,
        work: Work::Link,
        checks: &[
            works(
                "all match",
                "a day without differences",
                "it is reconciled",
                "the day is closed with sums and number of bookings",
            ),
            works(
                "one is missing",
                "a payment that the product does not know",
                "the day is reconciled",
                "it is listed with the provider's number",
            ),
            refuses(
                "closed day",
                "a day that was closed",
                "a booking of that day is to be changed",
                "it is refused, and a correction on the present day is offered",
            ),
        ],
    },
    Facet {
        title: "Be warned before {acting} fails or exceeds a limit",
        want: "to be warned before {acting} fails or exceeds a limit",
        good: "nobody is surprised at the counter",
        noun: "warnings about {acting}",
        who: Who::Doer,
        points: 2,
        work: Work::Send,
        checks: &[
            works(
                "below the limit",
                "credit or limit is almost used up",
                "the {actor} starts a payment",
                "they see what is left, and how to raise it",
            ),
            bounds(
                "exactly used up",
                "the amount equals what is left",
                "it is confirmed",
                "it is booked, and nothing is left",
            ),
            refuses(
                "over the limit",
                "the amount exceeds what is left",
                "it is confirmed",
                "nothing is booked, and the missing amount is named",
            ),
        ],
    },
];
