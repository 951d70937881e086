"""The budget: what all regions together may spend, and never more, also while they are cut apart.

A right to spend is in one region at a time, so nobody has to be asked (Balegas et al., "Extending
eventually consistent cloud databases for enforcing numeric invariants", 2015). It belongs to the
*writer* that was granted it, or to which it was moved, and is all totals that only grow, joined as
``max``: granted, spent, refunded, held, and let go by a writer, and moved from one to another. A
writer knows all of its own, and what it has not heard of yet can only be more that is moved to it:
so whoever knows too little may spend too little, never too much.

A writer is an incarnation of a replica. A server that forgot may have spent what it has no memory
of, so the rights of its past incarnations are *frozen*: they come back by an operator's word
(``Replica.reclaim``), or at once where the replica is ``durable``. So it is safe against all that
shows: a running server that is put back to an older state, with nothing to show it, spends twice
what it spent in between.

What is *held* is no longer there to be spent, and counts as spent once it is settled. It comes back
at its deadline, by the server's clock; after the server has begun anew it stays held, unless the
replica is ``durable``. What is never settled makes a limit of a rate: see the README. No unit is
stored: amounts are whole numbers, for money of its smallest unit.

Fields are not folded: a replica's past incarnations stay, with a few totals each.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``b.grant(10)`` | |
| t2 | ``b.move(4, "2")`` | |
| t3 | sync | sync |
| t4 | ``b.spend(6)`` | ``b.spend(3)`` |
| t5 | ``b.spend(1)`` is refused | ``b.available()`` is 1 |
| t6 | sync | sync |
| t7 | ``b.remaining()`` is 1 | ``b.remaining()`` is 1 |
"""
