"""The phrases that stand for the lower-cased slots in the embedded sample's patterns; they may hold further slots."""

PHRASES = {
    name: tuple(alternatives.split("|"))
    for name, alternatives in {
        "said": "said|said|said|added|announced|confirmed|insisted|explained|admitted|replied|repeated",
        "created": "invented|built|designed|wrote|discovered|described|painted|made|tested|sold|lost|found|stole"
        "|bought",
        "travelled": "travelled|flew|went|drove|walked|returned|sailed|came|moved",
        "played": "played|sang|argued|worked|waited|danced|talked|hid",
        "joined": "joined|left|sued|advised|founded|is leaving|will join|has left",
        "open": "open|build|close|sell|buy|rent|finish|move|repair",
        "facility": "factory|office|school|hospital|warehouse|bridge|museum|power station|laboratory|shop|airport|mill",
        "rose": "rose|fell|climbed|dropped|gained|lost|jumped|slipped|were up|were down",
        "lost": "lost|lost|fell|lost narrowly|lost again",
        "acquired": "bought|acquired|sold|will merge with|agreed to buy|has sued|made a bid for|supplies parts to",
        "profit": "its profit <rose> <percent>|it would cut <number> jobs|sales <rose> to <money>"
        "|it expects a loss of <money>|it had no comment|it will hire <number> people in <month>"
        "|demand for <goods> was weak",
        "industry": "steel|software|car|drug|oil|food|travel|mining|paper|furniture|telephone|shoe",
        "role": "president|chairman|chief executive|director|head of research|spokesman|spokeswoman|treasurer"
        "|manager|secretary|chief economist|founder|CEO|deputy head",
        "role_capital": "President|Prime Minister|Foreign Minister|Senator|Judge|Chancellor|King|Governor|General"
        "|Bishop|Captain|Ambassador|Mayor|Queen|Secretary",
        "title": "Mr|Mrs|Ms|Dr|Mr .|Mrs .|Dr .|Sir|Lady|Professor|Captain|Aunt|Uncle|Miss|Inspector|Madame",
        "profession": "engineer|painter|novelist|singer|lawyer|doctor|carpenter|historian|pilot|farmer|teacher"
        "|chemist|wizard|gardener|nurse|violinist|architect|cook|detective|student|sailor|photographer|dancer|king"
        "|baker|shopkeeper",
        "sportsman": "striker|goalkeeper|midfielder|sprinter|swimmer|driver|skier|cyclist|defender|captain|bowler",
        "subject": "law|physics|history|music|medicine|chemistry|economics|mathematics|magic|biology|philosophy|art",
        "article": "a|a|the",
        "adjective": "new|new|strange|small|famous|cheap|beautiful|dangerous|simple|magic|old|useful|silent|bright"
        "|secret|broken|expensive|heavy|modern|powerful|young|clever|grey|wooden",
        "invention": "machine|recipe|game|clock|medicine|language|engine|song|method|telescope|potion|law|bicycle"
        "|robot|trick|theory|lamp|theorem|poem|map|battery|dance|vaccine|charm",
        "thing": "book|key|lamp|umbrella|piano|letter|hat|basket|mirror|clock|box|camera|coat|knife|chair|bottle"
        "|picture|cat|ring|mark|bill|stone|rose|ladder|wand|ticket",
        "vehicle": "bus|train|truck|car|ferry|helicopter|tram|van|lorry|bicycle|boat",
        "goods": "wheat|coffee|copper|cotton|oil|rice|timber|tea|steel|sugar|wool|cheese|corn|salt|olives|fish|gold",
        "problem": "the floods|high prices|the strike|a power cut|the fire|bad weather|the missing money"
        "|the theft of <goods>|unpaid bills|the shortage of <goods>|pollution|new elections|the storm|the border",
        "finding": "people who walk more sleep better|children learn faster in the morning"
        "|the moon has no effect on sleep|bees prefer blue flowers|prices will rise again"
        "|<goods> was traded long before <year>|the river is getting warmer|most cats ignore their names"
        "|<percent> of the trains were late|nobody reads the small print|the <thing> is empty",
        "remark": "we are very happy|nobody was hurt|it will take <small> years|we did not expect this"
        "|the results are good|I have no idea|that is the price we pay|it is time to go|we will see in <month>"
        "|you may be right|the <thing> is broken|we need more <goods>|this mark may never go away"
        "|the bill was too high|I will not sell the <thing>|they were brave|I hope it will rain|summer is over"
        "|it is an art|the park is open again|our field was dry|he is a fine <profession>",
        "remark_capital": "The market was quiet|No one was hurt , police said|There was no news from the north"
        "|Art is long and life is short|The king lost his <thing>|Bring your own <thing> , please"
        "|See page <number> for details|Rain is expected in the west on <day>|Grace under pressure is a rare art"
        "|All rights reserved|Summer came late|Brown bears sleep in winter|Young trees need water"
        "|Mark the date : <day> , <date>|May I come in|Price on request|Parents were told on <day>"
        "|Stone walls keep the house cool|The score was <score> at half time",
        "clause": "<COMPANY> will <open> <article> <facility> in <LOC>|<PER> has left <CITY>"
        "|<PER> and <PER> are friends|nobody in <CITY> trusts <COMPANY>|<TEAM> can still win the <EVENT>"
        "|the <NAT> <profession> has sold the <thing>|<title> <LAST> paid <money> for <article> <thing>"
        "|<COUNTRY> needs more <goods>|<PER> <created> <article> <invention>|the <BODY> knew about <problem>"
        "|the train to <CITY> was late|the <PAPER> wrote about <PER>|<FIRST> likes <NAT> food"
        "|<role_capital> <LAST> will visit <LOC>|<PER> works for <COMPANY>|<SCHOOL> needs money"
        "|the <thing> belongs to <FIRST>|<FIRST> was afraid of the <thing>"
        "|<COMPANY> bought <number> tonnes of <goods>|the <PRODUCT> is too slow|<remark>|<FULL> lives near <PLACE>"
        "|<FULL> taught <FIRST> to use the <thing>|it was cold in <LOC>|<COUNTRY> signed the treaty"
        '|the <profession> met <FULL> in <CITY>|<FIRST> had seen " <WORK> " twice|the roads to <LOC> were closed',
        "when": "on <day>|in <month>|in <year>|last <day>|yesterday|this week|last year|on <date>|two days ago"
        "|early on <day>|in <month> <year>|after <small> months|later that day",
        "day": "Monday|Tuesday|Wednesday|Thursday|Friday|Saturday|Sunday",
        "month": "January|February|March|April|May|June|July|August|September|October|November|December",
        "season": "spring|summer|autumn|winter|week|year|month",
        "date": "<month> <small>|<small> <month>|<month> <small> , <year>|<month> <year>|<small> <month> <year>",
    }.items()
}
