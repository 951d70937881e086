"""The work queue: tasks, each of which has one owner in all regions, and one worker at a time.

A task belongs to the region where it was put, and only its owner changes it: nobody else can claim
it, so regions that are cut apart never do one task twice. A region that finds nothing to do asks
the others for some, and their syncers hand it half of what waits there. Within a region a claim is
a lease: who does not extend it in time loses the task to the next who claims.

Each claim has a *fence*, a number that is higher than those of all earlier claims of the task. What
is done under a fence that is not the highest known is refused with :class:`Fenced`; other systems
can hold it to the highest that they have seen.

Anybody may discard a task, in any region, for nobody comes to a right by that. What its owner does
with it at the same moment, as to have it claimed, wins, and the task stays.

A task is done exactly once where servers keep what they acknowledged. Where one forgot, or a region
was taken over that was not gone, a task may be done more than once, the later time under a higher
fence. After a restart what a region had waits until it has read all others, for it may have handed
some over and forgotten it, and no shorter than the longest lease that it knows of.

| time | region 1 | region 2 |
| --- | --- | --- |
| t1 | ``q.put("a")`` | |
| t2 | sync | sync |
| t3 | ``q.claim("w1")`` is "a", under fence 1 | ``q.claim("w2")`` is None |
| t4 | the lease runs out | |
| t5 | ``q.claim("w3")`` is "a", under fence 2 | |
| t6 | w1: ``claim.done()`` raises ``Fenced`` | |
"""
