"""Sentences of our own: over them the range of each number inside a model is measured before it's made 8-bit.

They are as mixed as feedback is: short and long, calm and loud, many trades, some marks, other scripts. A
change makes other models, and the revision of the vectors changes with it.
"""

from __future__ import annotations

from typing import Final

SENTENCES: Final = (
    "My suitcase has been missing since Tuesday and nobody picks up the phone.",
    "@skyline you moved our gate three times in one hour, how is a family of five meant to keep up??",
    "Flight SL482 sat on the runway for 95 minutes, no water, no word from the crew.",
    "Thanks to Maria at desk 14, she found us two seats when all looked lost!",
    "Can I bring a folding pushchair into the cabin?",
    "please add a direct route from Leeds to Porto, we'd fly it every month",
    "why",
    "Refund. Now.",
    "so my booking vanished again. third time. brilliant work #fail",
    "The seat map freezes on the last step and then the whole booking is gone.",
    "Is there wifi on the night train to Vienna, and what does it cost?",
    "LOVE the new lounge, the coffee is actually good",
    "I was charged twice for one ticket, 129.90 each, order number 55-20931.",
    "Your chat bot keeps asking for my order number. I've typed it six times.",
    "It would be great if the app remembered my passport details.",
    "How do I change the name on a reservation after check-in?",
    "The card was declined at the till although there is money in the account.",
    "I still can't see the top-up I made yesterday evening.",
    "What exchange rate do you use for payments in Danish crowns?",
    "Someone has taken 400 euros from a cash machine and it wasn't me!",
    "Do you plan to support Apple Watch payments in Switzerland?",
    "My transfer is pending for four days now and rent is due tomorrow.",
    "The PIN letter never came, can you send another one to my new address?",
    "Closing my account took two clicks. Refreshing, honestly.",
    "Dark mode please, my eyes hurt at night.",
    "Since the update the app crashes as soon as I open the camera (Android 14, Pixel 7).",
    "export to PDF cuts off the last column of every table",
    "Battery drain is terrible: 40 % in an hour with the screen off.",
    "The search finds nothing when I type umlauts, e.g. Müller or Köln.",
    "I wish there were a way to sort the list by date instead of by name.",
    "Login loop: I enter the code, it says success, and asks me for the code again.",
    "Could you make the text larger on the receipt page?",
    "Sync between my phone and the tablet has stopped working, no error shown.",
    "A five-star app. Simple, quick, no adverts.",
    "Notifications arrive hours late or not at all.",
    "Undo doesn't undo; it deletes the paragraph above.",
    "The parcel says delivered, but the photo shows a door that is not mine.",
    "Ordered the blue one in size 42, got the red one in size 38.",
    "Where can I find the return label?",
    "Box arrived crushed, two of six glasses broken, see https://img.example/9fk2",
    "Delivery slot was 8 to 10; the driver came at half past two.",
    "Same day delivery to a small island! You people are magicians \U0001f44f",
    "It's not the price, it's that nobody answers.",
    "Voucher SPRING20 isn't accepted although it is valid until Sunday.",
    "Do you restock the oak shelf, or is it gone for good?",
    "The assembly guide skips from step 4 to step 7, and there are three screws too many.",
    "Our room smelled of smoke and the window wouldn't close.",
    "Check-in at the hotel took an hour because the system was down again.",
    "Breakfast was fresh, the staff kind, the bed like a cloud.",
    "Is the pool heated in October?",
    "The air conditioning drips on the pillow.",
    "They promised a cot for the baby and there was none.",
    "Doctor's office put me on hold for 35 minutes, then the line went dead.",
    "Can I book the vaccination online for my mother who has no e-mail?",
    "The results page shows someone else's name. That is a serious privacy matter.",
    "Internet has been out in the whole street since 6 am.",
    "Speed test: 3 Mbit/s down, 0.4 up. I pay for 100.",
    "The technician was friendly, but left without fixing anything.",
    "How much is roaming in Turkey per day?",
    "I'd like to keep my number when I switch to you.",
    "Electric bill doubled with the same use as last year, please explain the tariff.",
    "The meter reading form rejects numbers with a comma.",
    "Bus 42 was 20 minutes late, the next two came together, as always.",
    "Wheelchair ramp at the north exit has been out of order for weeks.",
    "Would be lovely to have step-free routes shown on the map.",
    "Parking machine swallowed my coins and gave no ticket.",
    "The course video stops at 12:37 and starts over.",
    "Quiz three marks the right answer as wrong (question 5, option b).",
    "Great teacher! I finally understand fractions.",
    "when will the certificates be sent out?",
    "We are a team of 40 and need single sign-on with our own directory.",
    "The API returns 500 for every request with more than 100 rows.",
    "Webhook is sent twice; the second one has an empty body.",
    "Documentation says `limit`, the server wants `page_size`.",
    "Could the dashboard show weekly figures beside the daily ones?",
    'Import fails: "row 17: bad date 31/02/2023"',
    "Keyboard shortcuts would save me an hour a day.",
    "Your price went from 9 to 15 a month and I learned it from my bank.",
    "I cancelled in March and you are still taking money in June.",
    "The free trial asks for a card. Why?",
    "Worst. Service. Ever.",
    "ok",
    "meh, it works I guess",
    "hahaha good one @northair \U0001f602\U0001f602",
    "RT @dailytravel: storm closes three airports, thousands stranded http://t.example/a1B2",
    "We're hiring! Join our team in Lisbon. #jobs #travel",
    "Happy birthday to the best crew in the sky!",
    "I don't need an apology, I need my grandmother's ring that was in that bag.",
    (
        "After four calls, two e-mails and a letter, the answer was that my claim is too old. It was not "
        "too old when I first wrote; it became too old while I waited for you, and I have every date and "
        "every name written down."
    ),
    (
        "To whom it may concern: on 3 May we travelled with two small children. The first leg was fine. "
        "The second was cancelled without a message, the hotel you sent us to was full, and the taxi "
        "receipt was refused because it was handwritten. We would like the fare, the taxi and one night "
        "back, and somebody to say sorry."
    ),
    "The good: quick, cheap, friendly. The bad: the toilets. The ugly: the toilets on the way back.",
    (
        "If I press save, then back, then save again, the second version overwrites the first and there "
        "is no history, which cost our department about a week of work last month."
    ),
    "no sound in left earbud after 2 weeks",
    "My fridge hums so loud that the neighbours complain. Model KX-300, bought in May.",
    "can u pls tell me if the shop in york is open on boxing day",
    "Gluten free options would be nice, not only a sad salad.",
    "The pizza was cold, the driver warm-hearted. Three stars.",
    "THE QUEUE IS OUT OF THE DOOR AND ONE PERSON IS WORKING!!!",
    'Your survey has 40 questions and then says "session expired".',
    "Mein Koffer ist nicht angekommen und niemand hilft mir.",
    "Le site ne marche plus depuis hier soir, impossible de payer.",
    "\u00bfPor qu\u00e9 me cobraron dos veces el mismo billete?",
    "\u8377\u7269\u304c\u5c4a\u304d\u307e\u305b\u3093",
    "1234567890 / 42 / 3.14 % & @ # !",
    "\u2708\ufe0f \U0001f62d \U0001f621",
    (
        "I was told that the person who could decide this was on holiday, that her deputy was ill, and "
        "that the deputy's deputy wasn't allowed to."
    ),
)
