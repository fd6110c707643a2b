"""The sentence patterns of the embedded sample.

A pattern is a line of tokens. `<PER>`, `<CITY>`, ... in capitals are entities (see `zoo.datasets.ner_sample_names`);
`<said>`, `<number>`, ... stand for one of `zoo.datasets.ner_sample_phrases`, which may hold further slots; a `?` inside
the brackets leaves the phrase out half of the time. A leading `^` marks a headline in capitals.
"""


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


TRAIN_PATTERNS = _lines("""
    <PER> and <PER> <created> <article> <adjective> <invention> .
    <PER> , <PER> and <PER> <travelled> to <LOC> <when?> .
    <FULL> <created> <article> <adjective> <invention> in <LOC> <when?> .
    <FIRST> and <FIRST> <played> in the garden until it got dark .
    " <remark> , " <said> <PER> .
    " <remark> , " <PER> <said> <when?> .
    " <remark> , " <said> <title> <LAST> , <article> <profession> from <CITY> .
    <FULL> , <number> , <joined> <ORG> as <article> <profession> <when?> .
    <COMPANY> <said> it would <open> <article> <facility> in <LOC> <when?> .
    <COMPANY> shares <rose> <percent> to <money> <when?> .
    Shares in <COMPANY> <rose> <percent> after the company <said> <profit> .
    <COMPANY> <acquired> <COMPANY> for <money> <when?> .
    <COMPANY> , the <NAT> <industry> company , <said> <profit> .
    <COMPANY> named <FULL> as its new <role> .
    The <role> of <COMPANY> , <FULL> , will leave in <month> .
    <FULL> , <role> of <ORG> , <said> <remark> .
    <role_capital> <LAST> met <NAT> officials in <CITY> on <day> .
    <NAT> <role_capital> <FULL> <travelled> to <COUNTRY> for talks with <role_capital> <LAST> .
    The <NAT> government <said> on <day> that it would not <open> <article> <facility> in <LOC> .
    The <BODY> in <CITY> <said> that <problem> had been its main worry .
    The <BODY> warned of <problem> in <LOC> and parts of <COUNTRY> .
    <BODY> officials met in <CITY> to discuss <problem> .
    <number> people were hurt when <article> <vehicle> left the road near <LOC> , police <said> .
    Police in <CITY> arrested <article> <profession> <when?> after <problem> .
    A court in <CITY> sent <FULL> to prison for <small> years .
    <TEAM> beat <TEAM> <score> <when?> .
    <TEAM> <score> <TEAM>
    <TEAM> <lost> to <TEAM> in <CITY> <when?> .
    <LAST> scored twice as <TEAM> <lost> to <TEAM> .
    <TEAM> signed <NAT> <sportsman> <FULL> for <money> .
    <FULL> ( <COUNTRY> ) beat <FULL> ( <COUNTRY> ) <sets>
    <small> . <FULL> ( <COUNTRY> ) <time>
    <NAT> <sportsman> <FULL> won the <EVENT> <when?> .
    The <EVENT> will be held in <LOC> next <season> .
    Coach <LAST> <said> <TEAM> had played well .
    <LAST> took <small> wickets for <number> runs before lunch .
    <FULL> studied <subject> at <SCHOOL> and at <SCHOOL> .
    <FULL> teaches <subject> at <SCHOOL> .
    Professor <FULL> of <SCHOOL> <created> <article> <adjective> <invention> .
    Researchers at <SCHOOL> in <CITY> found that <finding> .
    A study by <SCHOOL> showed that <finding> .
    <FULL> was born in <LOC> in <year> and died in <LOC> at the age of <small> .
    <FULL> ( born <year> in <CITY> ) is <article> <NAT> <profession> .
    <LAST> moved to <CITY> with his family when he was <small> .
    After the war <LAST> returned to <COUNTRY> and worked as <article> <profession> .
    <CITY> is a town in <COUNTRY> , on the <PLACE> .
    <CITY> lies between <CITY> and <CITY> , near <PLACE> .
    The road from <CITY> to <CITY> runs along <PLACE> .
    <PLACE> is the largest of its kind in <COUNTRY> .
    It rained all day in <CITY> and <CITY> .
    We flew from <CITY> to <CITY> and took <article> <vehicle> to <PLACE> .
    I grew up in <CITY> , but my parents are <NAT> .
    She speaks <NAT> and a little <NAT> .
    He wrote the letter in <NAT> , <said> <FIRST> .
    <FULL> read " <WORK> " in one evening .
    <WORK> , a novel by <FULL> , is set in <LOC> .
    " <WORK> " , directed by <FULL> , opens in <CITY> on <day> .
    <NAT> <profession> <FULL> won the <EVENT> for " <WORK> " .
    <COMPANY> presented the <PRODUCT> in <CITY> <when?> .
    The <PRODUCT> costs <money> and is made by <COMPANY> in <COUNTRY> .
    I bought <article> <adjective> <PRODUCT> , and it broke after <small> days .
    According to the <PAPER> , <COMPANY> will <open> <article> <facility> .
    The <PAPER> reported on <day> that <FULL> would leave <ORG> .
    <FULL> of the <PAPER> asked <role_capital> <LAST> about <problem> .
    " <remark> , " the <role> told the <PAPER> .
    <title> <LAST> opened the door and looked at <FIRST> .
    <FIRST> gave <FIRST> the <adjective> <thing> and smiled .
    " Where is the <thing> , <FIRST> ? " asked <title> <LAST> .
    " Come in , <FIRST> , " <said> <FIRST> , " and bring the <thing> . "
    <FIRST> looked for the <thing> in the kitchen , but <FIRST> had taken it .
    Young <FULL> had never seen <article> <thing> before .
    Every <season> the <adjective> <profession> <FIRST> went to <PLACE> with <article> <thing> .
    Dear <title> <LAST> , thank you for your letter of <date> .
    Please send the <thing> to <FULL> , <number> <PLACE> , <CITY> .
    <FULL> called this morning ; please call back in <small> minutes .
    My name is <FULL> and I live in <CITY> .
    Does <FIRST> still work for <COMPANY> ?
    Who is <FULL> , and what does <COMPANY> want from him ?
    Has <PER> ever been to <LOC> ?
    The <BORN> <profession> <FULL> lives in <CITY> .
    <COMPANY> , <article> <BORN> maker of <thing> parts , employs <number> people .
    <CITY> , <date> - <COMPANY> <said> <profit> .
    <CITY> <date>
    ^ <COMPANY> profits rise as markets wait
    ^ <LAST> wins <EVENT>
    ^ storm hits <LOC> , <number> homes without power
    ^ <TEAM> face <TEAM> in final
    ^ <COUNTRY> and <COUNTRY> sign trade pact
    ^ <role> of <COMPANY> to step down
    <FULL> - <role> , <COMPANY>
    <FULL> , <SCHOOL> , <CITY>
    Results of the <EVENT> on <day> :
    After the <HISTORY> in <year> , <LAST> fled to <CITY> .
    The <NAT> army crossed the <PLACE> in <month> <year> .
    In <year> the <HISTORY> ended the war between <COUNTRY> and <COUNTRY> .
    <COUNTRY> exported <number> tonnes of <goods> to <COUNTRY> in <year> .
    The price of <goods> in <COUNTRY> <rose> <percent> in <month> .
    Apples and <goods> are sold on the market in <CITY> .
    <FULL> plays the violin with the <NAT> orchestra in <CITY> .
    The mayor of <CITY> , <FULL> , opened the <facility> with <FULL> of <ORG> .
    Many <NAT> families left <COUNTRY> for <COUNTRY> after <year> .
    <LAST> and her colleague <LAST> work for the <BODY> .
    The <BODY> gave <money> to <SCHOOL> for work on <goods> .
    Unlike <LAST> , <LAST> thought that <finding> .
    <clause> , <said> <PER> .
    <clause> , <said> <FULL> , <role> of <ORG> .
    Meanwhile , <clause> .
    On <day> , <clause> .
    <clause> , but <clause> .
    <clause> because <clause> .
    If <clause> , <clause> .
    <title> <LAST> <said> that <clause> .
    " <clause> , " <said> <PER> <when?> .
    Is it true that <clause> ?
    ^ <clause>
    The <adjective> <profession> may mark the <thing> and bill us in <month> .
    The bank will not open on <day> .
    A young baker from the north lost the <thing> in the park .
    Will you be here in <month> , or in <month> ?
    We hope to see more of the forest next <season> .
    The stone bridge over the river was closed in <month> .
    <remark_capital> .
    The <profession> put the <thing> on the table and <said> nothing .
    Nobody knows why <finding> .
    The prices of <goods> and <goods> <rose> <percent> <when?> .
    I think <remark> , but ask the <profession> first .
    It was <article> <adjective> <season> , and the <thing> stood in the rain .
    Mix the <goods> with <small> spoons of water and wait for <small> minutes .
    ^ markets calm after <adjective> week
    How much is the <adjective> <thing> in the window ?
    You can bring the <thing> back on <day> .
    Thousands gathered in <CITY> to hear <FULL> speak about <problem> .
    Helped by <FIRST> , the old <profession> climbed the stairs .
    Asked about <problem> , <LAST> only shrugged .
    Visitors to <LOC> should bring <article> <thing> .
    Children in <COUNTRY> and <COUNTRY> learn <subject> at an early age .
    Neighbours say that <FULL> kept <article> <thing> under the bed .
    Birds cross <COUNTRY> on their way to <COUNTRY> every <season> .
    Trains between <CITY> and <CITY> will stop at <PLACE> from <month> .
    East of <PLACE> , the road climbs towards <CITY> .
    Fishing boats from <CITY> are not allowed near <PLACE> .
    Heavy rain reached <COUNTRY> <when?> and moved on to <LOC> .
    Workmen found <article> <adjective> <thing> under the <facility> in <CITY> .
    Before <CITY> , she had lived in <CITY> , <CITY> and <LOC> .
    Letters from <CITY> take <small> days to arrive in <CITY> .
    Nothing grows on <PLACE> except moss .
    Parts of <COUNTRY> were without water after <problem> .
    The people of <LOC> voted against <article> <adjective> <facility> .
    They love <LOC> , but they could not live there .
    I miss <CITY> , and <FIRST> misses <CITY> .
    Both <FIRST> and <FIRST> forgot the <thing> .
    The children thanked <title> <LAST> for the <thing> and ran to <FIRST> .
    Nobody had told <FIRST> about the <adjective> <thing> .
    With <FULL> as <role> , <COMPANY> opened <small> shops in <COUNTRY> .
    Next to <FULL> sat <FULL> , the <profession> .
    The portrait of <FULL> by <FULL> hangs in <PLACE> .
    This book was written by <FULL> and translated by <FULL> .
    For <FULL> , <subject> was a game ; for <FULL> it was work .
    She married <FULL> , <article> <NAT> <profession> , in <year> .
    His wife , <FULL> , is <NAT> , and his neighbours are <NAT> too .
    My teacher is <NAT> , her husband is <NAT> .
    <NAT> wine and <NAT> cheese are sold at <PLACE> .
    <NAT> and <NAT> soldiers helped after <problem> .
    One <NAT> company , <COMPANY> , makes the <PRODUCT> .
    Buyers of the <PRODUCT> prefer it to the <PRODUCT> .
    Owners say their <PRODUCT> stops working in the rain .
    Was <WORK> really written by <FULL> ?
    The new album by <FULL> , " <WORK> " , was recorded in <CITY> .
    Readers of the <PAPER> chose " <WORK> " as book of the year .
    A lawyer for <COMPANY> said <LAST> had lied .
    Rivals <COMPANY> and <COMPANY> will share <article> <facility> in <CITY> .
    Banks lent <COMPANY> <money> , and <COMPANY> lent it to <COMPANY> .
    Both the <BODY> and <SCHOOL> refused to answer .
    Goals by <LAST> and <LAST> gave <TEAM> the lead .
    Late in the game <LAST> hit the post for <TEAM> .
    Champions <TEAM> travel to <TEAM> on <day> .
    World number <small> <FULL> of <COUNTRY> beat <FULL> of <COUNTRY> <sets> .
    Subject : letter from <FULL> Date : <date>
    Present : <FULL> , <FULL> and <FULL> . Absent : <FULL>
    ^ <small> hurt in crash near <CITY>
    ^ <COUNTRY> opens border to <COUNTRY>
    ^ <FULL> joins <COMPANY>
    ^ what <FULL> told the <PAPER>
    Shoppers may return the <thing> within <small> days .
    Experts agree that <finding> .
    Once upon a time there was <article> <adjective> <profession> who had <article> <thing> .
    Meanwhile the <vehicle> waited outside , and everyone talked about <problem> .
    Dogs are not allowed in the <facility> .
    Most <vehicle> drivers know that <finding> .
    Half of the people we asked own <article> <thing> .
""")

VALIDATION_PATTERNS = _lines("""
    <FULL> and her brother <FIRST> repaired <article> <adjective> <thing> together .
    <COMPANY> will move <number> jobs from <CITY> to <CITY> , its <role> <FULL> told the <PAPER> .
    Fans of <TEAM> waited at <PLACE> for <sportsman> <LAST> .
    In <COUNTRY> , <NAT> is spoken by <percent> of the people .
    <title> <LAST> has lived in <LOC> since <year> .
    Neither <LAST> nor <LAST> answered questions about <COMPANY> .
    The ship left <CITY> on <date> with <goods> for <COUNTRY> .
    Students from <SCHOOL> showed <article> <adjective> <invention> at the <EVENT> .
    Have you heard that <FIRST> is reading " <WORK> " again ?
    ^ court clears <COMPANY> in <goods> case
    The <thing> that fell from the <vehicle> belonged to <article> <profession> .
    The <BODY> sent <small> doctors to <PLACE> <when?> .
""")

TEST_PATTERNS = _lines("""
    <PER> and <PER> discovered <article> <adjective> <invention> in an old trunk .
    <FULL> and <FULL> quarrelled about the <thing> for <small> years .
    Without <FIRST> , <LAST> could never have finished the <thing> .
    <FULL> married the <profession> <FULL> in <CITY> in <year> .
    Only <small> pupils came to the lesson that <title> <LAST> gave on <subject> .
    " I have not seen <FIRST> since <month> , " whispered <FIRST> .
    Then <FIRST> laughed , and even <title> <LAST> had to smile .
    Guided by <FULL> , the climbers reached <PLACE> at dawn .
    Passengers bound for <CITY> had to wait <small> hours in <CITY> .
    Snow fell on <LOC> for the first time since <year> .
    Tourists love <CITY> for its bridges and <COUNTRY> for its <goods> .
    South of <CITY> the railway crosses <PLACE> twice .
    The earthquake was felt as far away as <LOC> and <LOC> .
    Farmers around <CITY> sold their <goods> to traders from <COUNTRY> .
    <COMPANY> lost its contract with <COMPANY> over <problem> .
    Investors sold <COMPANY> and bought <COMPANY> instead .
    Workers at <COMPANY> in <CITY> went on strike over pay .
    Founded by <FULL> in <year> , <COMPANY> makes <goods> and <article> <adjective> <thing> .
    Neither <COMPANY> nor the <BODY> would comment on the report .
    Analysts expect <COMPANY> to cut its dividend by <percent> .
    A spokesman for the <BODY> denied the story in the <PAPER> .
    Half an hour later <LAST> equalised for <TEAM> .
    Defending champion <FULL> of <COUNTRY> pulled out of the <EVENT> with a sore knee .
    It took <TEAM> only <small> minutes to go ahead of <TEAM> .
    <TEAM> v <TEAM> was called off because of fog .
    Graduates of <SCHOOL> earn more than those of <SCHOOL> .
    The library of <SCHOOL> lent <FULL> <article> <adjective> <thing> .
    Critics called " <WORK> " the best <NAT> film of the year .
    Copies of <WORK> by <FULL> were sold out within <small> days .
    The <NAT> translation of " <WORK> " was made by <FULL> .
    Customers complained that their <PRODUCT> caught fire .
    <NAT> sailors were rescued off <LOC> by <article> <NAT> <vehicle> .
    Her mother was <NAT> and her father came from <CITY> .
    Few <NAT> towns are as quiet as <CITY> in <month> .
    From : <FULL> To : <FULL>
    ^ <FULL> : why I left <COMPANY>
    ^ fire at <PLACE> leaves <small> dead
    ^ <COUNTRY> recalls envoy from <COUNTRY>
    Roses will grow on a hill , and wood will burn in a cook 's oven .
    In april or may the green fields rose to the <adjective> sky .
    Whoever finds the <thing> may keep it until <month> .
    Too much of the <goods> was lost on the way , complained the <profession> .
""")
