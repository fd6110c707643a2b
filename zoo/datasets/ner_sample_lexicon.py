"""The words that the embedded sample is made of; `zoo.datasets.ner_sample_names` deals them out to the splits."""

# First names, surnames, and how invented surnames end, for people who plausibly share them. Some are words of the
# language as well (May, Mark, Rose, Brown, Hill): only the context tells.
PEOPLE = (
    (
        "May Mark Emma Oliver April Rose Jordan Grace James Sophie Miles Hope Will Frank Bill Dean George Alice Thomas "
        "Chloe Art Summer Edward Lucy Pat Faith Chase Violet Henry Ruth William Nora Peter Abigail Samuel Daisy Jack "
        "Olivia Walter Helen Robert Susan Mary Eleanor Philip Joan Arthur Iris Nathan Beth",
        "Brown Young King Baker Stone Banks Price Rivers Gray Hill Washington Lincoln Hamilton Ward Cook Wood Smith "
        "Bishop Chester Preston Walker Taylor Parker Cooper Mason Turner Clarke Bell Woods Marsh Fisher Hughes Bennett "
        "Carter Reid Ellis O'Brien O'Connor Porter Foster Field Park Houston Lane Webb Nolan Church Knight Page Fox",
        "ton ford well ley man worth son field more wood er ridge",
    ),
    (
        "Carlos Lucía Miguel Elena Diego Sofía Javier Carmen Pablo Inés Andrés Marta Rafael Paula João Beatriz Luis "
        "Gabriela Mateo Valentina Jorge Ana Ricardo Camila Tiago Isabel Hugo Mariana Sergio Rosa",
        "García Fernández López Moreno Silva Santos Pereira Ramos Torres Vargas Delgado Castillo Mendoza Rojas "
        "Oliveira Costa Herrera Navarro Ortega Cabrera Almeida Figueroa Paredes Montoya",
        "ez es ado ana eira illo ero osa",
    ),
    (
        "Lars Ingrid Jürgen Anna Stefan Greta Björn Astrid Klaus Heidi Magnus Freya Dieter Lena Sven Karin Wolfgang "
        "Sabine Erik Maja Matthias Birgit Jonas Katrin Niels Hanna Otto Petra Søren Ulrike",
        "Schmidt Müller Berg Lindqvist Hansen Weber Olsen Keller Bergström Vogel Larsen Hoffmann Nyberg Kruger Dahl "
        "Richter Jensen Brandt Holm Schneider Eriksen Bauer Lund Zimmermann",
        "sen berg ström lund dahl mann hauser qvist feld bach",
    ),
    (
        "Ivan Olga Dmitri Katarzyna Pavel Irina Marek Svetlana Nikola Jana Andrei Ewa Milan Tatiana Zoran Vesna Igor "
        "Magda Stanislav Petra Bogdan Ludmila Tomasz Daria Viktor Nadia Mirko Zuzana Yuri Halina",
        "Ivanov Kowalski Novák Petrović Sokolov Horvat Dvořák Popescu Volkov Nowak Marković Kuznetsova Zieliński Kovač "
        "Morozova Jovanović Wójcik Smirnov Kralj Orlov Babić Lebedev Svoboda Dragan",
        "ov ova ski enko ić ev ák escu chuk in",
    ),
    (
        "Pierre Giulia Antoine Chiara Luc Francesca Mathieu Camille Marco Élodie Paolo Claire Alessandro Margaux "
        "Giovanni Juliette Lorenzo Sylvie Matteo Céline Enzo Bianca Étienne Aurélie Fabio Noémie Dario Colette Bruno "
        "Simone",
        "Dubois Rossi Moreau Bianchi Laurent Ferrari Girard Romano Lefèvre Conti Fontaine Ricci Mercier Marino Garnier "
        "Greco Chevalier Lombardi Rousseau Moretti Blanchard Colombo Perrin Fabbri",
        "ini elli otti eau ier etti acci ard oni et",
    ),
    (
        "Wei Priya Hiroshi Amina Kenji Aisha Rajesh Mei Kwame Fatima Sanjay Yuki Chinedu Leila Minh Ananya Tariq "
        "Sakura Omar Zainab Arjun Hana Kofi Nadira Jin Deepika Yusuf Thandiwe Haruto Ngozi",
        "Chen Patel Tanaka Okafor Kim Hussain Sharma Nakamura Mensah Nguyen Khan Suzuki Adeyemi Singh Wang Rahman "
        "Yamamoto Diallo Gupta Zhang Farouk Mbeki Takahashi Banerjee",
        "moto awa uda kar aye uma ani ekwe hara osi",
    ),
)

CITIES = (
    "Washington Paris Boston Lisbon Vienna Chester Nairobi Lincoln Oslo Preston Madrid Houston Cairo Geneva Toronto "
    "Hamilton Warsaw Lima Dublin Osaka Prague Florence Mumbai Athens Havana Seattle Bogotá Lyon Zürich Accra Naples "
    "Leeds Hanoi Munich Denver Tunis Porto Kraków Perth Bergen Dallas Riga Marseille Dakar Bristol Kyoto Malmö Tampa "
    "Sofia Valencia Jakarta Reno Ghent Salzburg Quito Lahore York Cologne Montreal Basel"
)
CITY_ENDINGS = "ville burg port mouth stad grad bridge haven holm vik mere bury field kirk abad minster"
COUNTRIES = (
    "Germany:German Brazil:Brazilian Japan:Japanese Chile:Chilean Sweden:Swedish Kenya:Kenyan France:French "
    "Poland:Polish Spain:Spanish Turkey:Turkish India:Indian Norway:Norwegian Peru:Peruvian Italy:Italian "
    "Egypt:Egyptian Ireland:Irish Mexico:Mexican China:Chinese Greece:Greek Jordan:Jordanian Canada:Canadian "
    "Cuba:Cuban Denmark:Danish Nigeria:Nigerian Australia:Australian Russia:Russian Georgia:Georgian "
    "Portugal:Portuguese Vietnam:Vietnamese Austria:Austrian Finland:Finnish Ghana:Ghanaian Hungary:Hungarian "
    "Iceland:Icelandic Morocco:Moroccan Bolivia:Bolivian Serbia:Serbian Scotland:Scottish Thailand:Thai Israel:Israeli"
)
BRAND_ENDINGS = "ex ix on tech soft mark ara ora eon is ium tek gen dyne com via tron lux pharm cor"
COMPANY_ENDINGS = "Corp,Inc,Inc .,Ltd,Group,Holdings,AG,PLC,GmbH,Industries,Partners,& Co,Systems,Labs,Software,Foods"
SECTORS = "Airlines,Motors,Energy,Steel,Telecom,Railways,Insurance,Shipping,Brewery,Electric,Oil,Media,Publishing"
CLUBS = "United,City,Rovers,Tigers,Wanderers,Athletic,Falcons,Bears,Rangers,Wolves,Giants,Hawks,Dynamo,Sharks"
PAPERS = "Times,Herald,Post,Gazette,Tribune,Chronicle,Observer,Courier,News,Mail"
FIELDS = (
    "Health,Education,Fisheries,Finance,Defence,Agriculture,Space Research,Transport,Labour,Human Rights,Energy,"
    "Foreign Affairs,Forestry,Trade,Culture,Public Works,Tourism,Justice,Weather Forecasting,Housing,Sport,"
    "Nuclear Safety,Veterans Affairs,Mining,Consumer Protection,Aviation,Refugees,Marine Biology,Statistics,Migration"
)
TITLE_ADJECTIVES = (
    "Silent,Broken,Golden,Crooked,Last,Hidden,Paper,Burning,Second,Frozen,Hungry,Distant,Velvet,Stolen,Endless,Little,"
    "Forgotten,Scarlet,Hollow,Patient,Wandering,Electric,Bitter,Glass,Midnight,Restless,Gentle,Northern,Iron,Lonely"
)
TITLE_NOUNS = (
    "Harbour,Orchard,Mirror,Winter,Lighthouse,Garden,Promise,Machine,River,Shadow,Kingdom,Letter,Bridge,Stranger,Clock,"
    "Forest,Voyage,Carpenter,Island,Summer,Castle,Dancer,Window,Desert,Violin,Storm,Tower,Painter,Road,Moon"
)
ONSETS = (
    "b br c cr d dr f g gr h j k kl l m n p r s st t tr v w "
    "b d f h k l m n p r s t w m l h c g"  # the commoner ones once more
)
VOWELS = "a e i o u a e i o u a e o a e i ai ee ia ou"
CODAS = "l n r s m d t rn ll nd rd lm sk nt st v ck"
LETTERS = "ABCDEFGHIKLMNOPRSTUVWZ"
PLACE_FORMS = (
    "Lake _,Mount _,River _,_ River,_ Valley,_ Street,_ Bay,_ Island,_ Islands,_ National Park,Cape _,_ Hills,_ Avenue,"
    "_ Bridge,_ Airport,_ Castle,Gulf of _,_ Square,_ Desert,_ Station,Isle of _,_ County"
)
