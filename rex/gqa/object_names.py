"""Object names by GQA's classes of objects, and the gender of people's names. Data, no code.

Plurals are added by rule (see `rex.gqa.ontology`); the irregular ones stand here.
"""

from __future__ import annotations

OBJECT_NAMES: dict[str, str] = {
    "person": """
        person, people, man, men, woman, women, boy, girl, guy, lady, child, children, kid, baby,
        toddler, gentleman, gentlemen, player, skateboarder, skater, skier, snowboarder, surfer,
        umpire, catcher, batter, pitcher, policeman, policemen, police officer, officer, athlete,
        passenger, driver, pilot, baseball player, tennis player, soccer player, football player,
        cyclist, biker, bicyclist, motorcyclist, mother, father, daughter, son, brother, sister,
        husband, wife, customer, jockey, chef, cook, visitor, employee, worker, tourist,
        pedestrian, spectator, fan, audience, crowd, student, teacher, doctor, nurse, waiter,
        waitress, farmer, soldier, fireman, firefighter, fisherman, cowboy, rider, runner,
        swimmer, dancer, actor, singer, musician, conductor, coach, referee, bride, groom, couple,
        family, friend, adult, teenager, old man, old woman, young man, young woman, little girl,
        little boy, shopper, vendor, photographer, hiker, sailor, barista, businessman, guard,
        lifeguard, dad, mom, princess, king, queen, skydiver, trainer, performer, goalie,
        outfielder, team, human, infant, grandmother, grandfather, model, santa, monk, nun,
        priest, artist, cashier, bartender""",
    "animal": """
        animal, dog, cat, horse, cow, sheep, elephant, giraffe, zebra, bear, polar bear, panda,
        goat, lamb, calf, calves, kitten, puppy, bunny, rabbit, pony, donkey, bull, ox, oxen,
        deer, moose, elk, antelope, gazelle, lion, lioness, tiger, leopard, cheetah, monkey,
        gorilla, ape, pig, piglet, mouse, mice, rat, squirrel, chipmunk, fox, wolf, wolves, camel,
        llama, alpaca, bison, buffalo, hippo, rhino, kangaroo, koala, seal, whale, dolphin, shark,
        fish, frog, toad, turtle, tortoise, snake, lizard, alligator, crocodile, crab, lobster,
        octopus, snail, spider, butterfly, bee, insect, dragonfly, starfish, jellyfish, cub, foal,
        colt, ram, cattle, herd, raccoon, otter, beaver, hedgehog, bat, dinosaur, shrimp, pet""",
    "bird": """
        bird, duck, duckling, goose, geese, swan, seagull, gull, pigeon, eagle, hawk, owl, parrot,
        ostrich, flamingo, penguin, pelican, heron, crane, rooster, hen, chicken, turkey, peacock,
        crow, raven, sparrow, robin, hummingbird, finch, stork, dove, cockatoo, chick, robin""",
    "furniture": """
        furniture, chair, table, couch, sofa, bed, desk, shelf, shelves, bookshelf, bookshelves,
        bookcase, cabinet, dresser, drawer, cupboard, closet, wardrobe, nightstand, armchair,
        stool, ottoman, recliner, loveseat, coffee table, dining table, end table, side table, tv
        stand, computer desk, office chair, rocking chair, folding chair, high chair, beach chair,
        lounge chair, medicine cabinet, entertainment center, bench, futon, crib, bar stool,
        vanity, chest, bunk bed, picnic table, dining chair, wheelchair, coat rack, file cabinet""",
    "vehicle": """
        vehicle, car, truck, bus, buses, train, van, suv, taxi, taxis, cab, tractor, trailer,
        wagon, motorcycle, motorbike, bicycle, bike, scooter, moped, fire truck, police car,
        minivan, jeep, sedan, ambulance, locomotive, train car, train engine, passenger car,
        passenger train, trolley, tram, street car, carriage, school bus, double decker bus,
        station wagon, camper, rv, pickup, pickup truck, food truck, garbage truck, tow truck,
        delivery truck, dump truck, semi truck, forklift, bulldozer, excavator, subway train, golf
        cart, atv, dirt bike, cart, stroller, limousine, race car, sports car, tank, engine,
        snowmobile, rickshaw, caboose, bullet train, steam engine, lorry, cycle""",
    "aircraft": """
        aircraft, airplane, plane, jet, helicopter, glider, biplane, hot air balloon, fighter jet,
        airliner, rocket, blimp, seaplane, drone, propeller plane""",
    "watercraft": """
        watercraft, boat, ship, sailboat, yacht, canoe, kayak, raft, ferry, ferries, gondola,
        rowboat, speedboat, motorboat, tugboat, cruise ship, barge, jet ski, fishing boat,
        houseboat, submarine, dinghy""",
    "clothing": """
        clothing, shirt, t-shirt, tshirt, tee shirt, jacket, coat, pants, jeans, shorts, dress,
        dresses, skirt, sweater, sweatshirt, hoodie, suit, blouse, vest, uniform, jersey, outfit,
        hat, cap, baseball cap, cowboy hat, beanie, bonnet, glove, mitten, scarf, scarves, sock,
        robe, gown, apron, costume, swimsuit, bathing suit, bikini, trunks, swim trunks, swim
        shorts, wetsuit, wet suit, snowsuit, snow suit, snow pants, ski pants, ski jacket,
        leggings, tights, tank top, polo shirt, dress shirt, undershirt, blazer, cardigan,
        overalls, jumpsuit, pajamas, kimono, poncho, raincoat, rain jacket, safety vest, life
        jacket, life vest, bra, underwear, sweatpants, sweatsuit, capri, khaki, khakis, trousers,
        slacks, garment, tuxedo, visor, suit jacket, lab coat, denim jacket, halter top, long
        sleeved shirt, helmet, hood, veil, bandana, turban, clothes, baseball uniform,
        windbreaker, parka, stocking, capris, mitt, shawl, cape, leotard, sarong, fedora, sun hat,
        knit cap, sombrero, safety jacket""",
    "footwear": """
        footwear, shoe, shoes, boot, boots, sneaker, sandal, heel, high heels, flip flop, flip
        flops, slipper, cleat, tennis shoe, tennis shoes, ski boot, rain boots, cowboy boots,
        loafer, skate, roller skates, crocs, dress shoes, hiking boots""",
    "accessory": """
        accessory, glasses, eye glasses, eyeglasses, sunglasses, goggles, necklace, bracelet,
        earring, ring, watch, belt, tie, necktie, bow tie, headband, wristband, armband, bandana,
        mask, crown, tiara, hair clip, hair band, hair tie, bow, ribbon, brooch, pendant,
        cufflink, suspenders, jewelry, name tag, lanyard, locket, scarf, wrist watch, sweatband,
        ear ring, beads, wig, face mask""",
    "bag": """
        bag, backpack, handbag, purse, suitcase, luggage, briefcase, tote bag, shopping bag, paper
        bag, plastic bag, trash bag, duffel bag, laptop bag, wallet, pouch, sack, satchel, fanny
        pack, grocery bag, gift bag""",
    "food": """
        food, sandwich, sandwiches, bread, cheese, rice, pasta, noodles, salad, soup, egg, eggs,
        cereal, pancake, sauce, nuts, popcorn, chips, cracker, sushi, omelette, mashed potatoes,
        potato salad, seafood, roast beef, stew, curry, oatmeal, tofu, dumpling, spaghetti,
        macaroni, sour cream, butter, cream, cookie dough, meal, breakfast, lunch, dinner, snack,
        peanut butter, jam, honey, yogurt, hummus, coleslaw, quiche, casserole, tortilla, cream
        cheese, guacamole, granola, candy, candies, topping, crust, toppings, seasoning, sugar,
        salt, dough, appetizer""",
    "fruit": """
        fruit, apple, banana, orange, pear, peach, peaches, plum, grape, strawberry, strawberries,
        blueberry, blueberries, raspberry, raspberries, blackberry, cherry, cherries, lemon, lime,
        pineapple, watermelon, melon, cantaloupe, mango, mangoes, kiwi, coconut, papaya,
        grapefruit, tangerine, apricot, fig, date, raisin, cranberry, pomegranate, berry, berries,
        plantain, plantains, avocado, avocados, dragon fruit, citrus""",
    "vegetable": """
        vegetable, vegetables, carrot, broccoli, tomato, tomatoes, potato, potatoes, onion,
        pepper, bell pepper, green pepper, cauliflower, cabbage, lettuce, cucumber, spinach, corn,
        pea, peas, bean, beans, green beans, celery, mushroom, olive, pickle, garlic, zucchini,
        squash, pumpkin, radish, beet, asparagus, artichoke, eggplant, kale, leek, parsley,
        cilantro, basil, herb, herbs, sprouts, sweet potato, green onion, jalapeno, turnip,
        ginger, okra, veggies, coriander, rosemary, mint""",
    "meat": """
        meat, beef, chicken, pork, ham, bacon, sausage, steak, burger, hamburger, meatball,
        pepperoni, turkey, lamb, salami, hot dog, ribs, roast beef, salmon, tuna, fish, patty,
        chicken breast""",
    "fast food": """
        fast food, pizza, pizza slice, hot dog, burger, hamburger, fries, french fries, taco,
        burrito, nachos, nacho, sandwich, cheeseburger, onion rings, chicken nuggets, kebab, sub
        sandwich""",
    "baked good": """
        baked good, bread, donut, doughnut, bagel, muffin, cupcake, croissant, pastry, pastries,
        cake, pie, cookie, waffle, pancake, biscuit, bun, roll, toast, brownie, pretzel, danish,
        scone, baguette, loaf, loaves, cinnamon roll, pizza crust, breadstick""",
    "pastry": "pastry, pastries, croissant, danish, tart, eclair, muffin, puff, strudel",
    "dessert": """
        dessert, cake, ice cream, cupcake, pie, cookie, brownie, pudding, donut, cheesecake,
        candy, chocolate, birthday cake, wedding cake, frosting, icing, sundae, popsicle,
        marshmallow, macaroon, tiramisu, whipped cream, sprinkles""",
    "sauce": """
        sauce, ketchup, mustard, mayonnaise, salad dressing, gravy, salsa, soy sauce, tomato
        sauce, syrup, dip, hot sauce, pesto, dressing, barbecue sauce, caramel""",
    "drink": """
        drink, water, beer, wine, coffee, tea, milk, juice, soda, beverage, lemonade, orange
        juice, smoothie, cocktail, champagne, liquor, beer can, hot chocolate, milkshake, red
        wine, cider, water bottle, soda can, wine bottle, beer bottle, alcohol, espresso, latte""",
    "liquid": """
        liquid, water, wine, beer, coffee, milk, juice, soda, tea, oil, soap, sauce, syrup,
        champagne, fuel, paint, liquor, shampoo, vinegar""",
    "appliance": """
        appliance, refrigerator, fridge, oven, microwave, microwave oven, stove, toaster, toaster
        oven, dishwasher, washing machine, washer, dryer, blender, coffee maker, coffee pot, food
        processor, mixer, freezer, air conditioner, heater, vacuum, kettle, tea kettle, iron, hair
        dryer, rice cooker, ceiling fan, water heater, waffle maker, juicer, stove top""",
    "device": """
        device, phone, cell phone, smartphone, telephone, laptop, computer, keyboard, computer
        mouse, monitor, computer monitor, screen, television, tv, remote control, remote, game
        controller, wii controller, wii, controller, camera, video camera, calculator, speaker,
        headphones, earphones, microphone, printer, tablet, ipod, ipad, radio, stereo, dvd player,
        cd player, charger, router, modem, projector, fax machine, scanner, copier, webcam, hard
        drive, game boy, alarm clock, clock, vcr, video game, xbox, playstation, walkie talkie,
        answering machine, cash register, electronic device, iphone, computer screen, flat screen,
        satellite dish""",
    "utensil": """
        utensil, fork, knife, knives, spoon, chopsticks, chopstick, spatula, ladle, tongs, whisk,
        butter knife, steak knife, wooden spoon, silverware, cutlery, serving spoon, teaspoon""",
    "cooking utensil": """
        cooking utensil, pan, pot, frying pan, skillet, cutting board, spatula, baking pan, baking
        sheet, wok, rolling pin, strainer, grater, oven mitt, colander, peeler, kettle, ladle,
        baking tray, saucepan""",
    "tableware": """
        tableware, plate, bowl, cup, mug, glass, glasses, wine glass, wine glasses, saucer, dish,
        dishes, teapot, tea pot, coffee cup, coffee mug, tray, platter, pitcher, salt shaker,
        pepper shaker, shaker, shot glass, glass cup, napkin, placemat, paper plate, tea cup, beer
        mug, drinking glass, jug, coaster, egg cup, serving tray, sugar packet, teacup""",
    "container": """
        container, box, boxes, bottle, basket, can, jar, bucket, bin, barrel, crate, trash can,
        trash bin, cooler, vase, carton, case, tub, bowl, cardboard box, cereal box, tin,
        canister, tissue box, mailbox, wine bottle, water bottle, beer bottle, beer can, soda can,
        lunch box, jewelry box, pizza box, toolbox, dumpster, pail, urn, flower pot, planter, pot,
        plastic box, tank, packet, recycling bin, ice bucket, jug, storage box, drawer, package,
        treasure chest""",
    "toy": """
        toy, doll, teddy bear, stuffed animal, stuffed bear, stuffed dog, rubber duck, toy car,
        kite, ball, puzzle, lego, legos, balloon, frisbee, action figure, blocks, yoyo, toy train,
        puppet, beach ball, toy truck, figurine, barbie, rocking horse, pinwheel""",
    "sports equipment": """
        sports equipment, ball, baseball bat, baseball glove, baseball, tennis ball, tennis
        racket, racket, skateboard, surfboard, snowboard, skis, ski, ski pole, ski poles, frisbee,
        helmet, soccer ball, basketball, football, golf club, bat, net, goal, knee pad, knee pads,
        shin guard, volleyball, paddle, puck, hockey stick, catcher's mask, catcher's mitt, roller
        blade, oar, dumbbell, treadmill, parachute, boogie board, wakeboard, shuttlecock, base,
        home plate""",
    "instrument": """
        instrument, guitar, piano, drum, drums, trumpet, violin, flute, saxophone, harp, cello,
        keyboard, trombone, clarinet, accordion, tambourine, banjo, harmonica, tuba, bell""",
    "textile": """
        textile, blanket, towel, curtain, rug, carpet, pillow, sheet, bedspread, comforter, quilt,
        tablecloth, cloth, mat, napkin, cushion, drapes, bed sheet, hand towel, bath towel,
        pillowcase, table cloth, duvet, place mat, canopy, shower curtain, bath mat, dish towel,
        fabric""",
    "bedding": "bedding, blanket, sheet, pillow, comforter, quilt, bedspread, duvet, mattress",
    "office supplies": """
        office supplies, pen, pencil, scissors, stapler, tape, eraser, marker, notebook, binder,
        folder, paper clip, ruler, clipboard, envelope, notepad, sharpener, highlighter, crayon,
        glue, staple, pencil sharpener, tape dispenser""",
    "tool": """
        tool, hammer, screwdriver, wrench, saw, drill, shovel, rake, axe, ladder, pliers, chisel,
        hose, broom, mop, scraper, crowbar, paint brush, tape measure, wheelbarrow, brush""",
    "weapon": "weapon, gun, sword, rifle, knife, pistol, cannon, spear, bow, dagger, shield, bomb",
    "sign": """
        sign, stop sign, street sign, traffic sign, billboard, parking sign, road sign, poster,
        banner, neon sign, exit sign, one way sign, warning sign, signboard, placard""",
    "symbol": "symbol, letter, arrow, number, cross, star, logo, numeral, heart, word, letters",
    "label": "label, tag, name tag, sticker, card, price tag, badge, ticket, stamp, license plate",
    "building": """
        building, house, church, tower, barn, skyscraper, shed, cabin, hut, apartment building,
        castle, hotel, school, store, shop, garage, restaurant, factory, temple, museum, library,
        stadium, lighthouse, mansion, cottage, apartment, office building, hospital, station,
        gazebo, home, clock tower, warehouse, tent, train station, pagoda, palace, cathedral,
        farmhouse, greenhouse, hangar, skyscrapers, chapel, bell tower, dome, airport, shack, gas
        station, mosque, theater""",
    "place": """
        place, street, road, field, beach, park, city, yard, sidewalk, parking lot, restaurant,
        store, shop, airport, zoo, farm, garden, forest, ocean, sea, lake, river, pond, harbor,
        marina, pier, station, train station, gas station, bus station, hotel, hotel room, church,
        school, library, museum, mall, supermarket, market, bakery, cafe, cafeteria, coffee shop,
        pizza shop, pub, bar, kitchen, stadium, gym, hospital, theater, auditorium, stage,
        classroom, courtyard, patio, porch, backyard, hallway, lobby, lounge, garage, hangar,
        terminal, restroom, salon, kiosk, tunnel, bridge, desert, plain, meadow, pasture, orchard,
        swamp, cemetery, amusement park, skate park, swimming pool, pool, playground, town,
        village, lawn, path, walkway, pavement, runway, highway, railroad, roadway, roadside,
        shore, entrance, shopping center, pen, display, court, tennis court, baseball field,
        soccer field, mountain, hill, valley, island, canyon, jungle, vineyard, barn, temple,
        castle, fairground, plaza, square, alley, dock""",
    "room": """
        room, kitchen, bathroom, bedroom, living room, dining room, office, attic, basement,
        hallway, classroom, hotel room, nursery, garage, laundry room, lobby, waiting room,
        conference room, restroom, closet, den""",
    "road": """
        road, street, sidewalk, path, highway, pavement, walkway, runway, railroad, crosswalk,
        driveway, roadway, freeway, alley, dirt road, trail, lane, bike lane, boardwalk, tarmac,
        intersection, overpass, bridge, pathway, train track, train tracks""",
    "plant": """
        plant, tree, flower, bush, bushes, grass, ivy, fern, cactus, cacti, shrub, weed, vine,
        hay, hedge, leaf, leaves, moss, seaweed, rose, tulip, daisy, daisies, sunflower, orchid,
        lily, lilies, potted plant, branch, branches, bouquet, palm tree, pine tree, clover,
        straw, reed, houseplant, wheat, foliage, dandelion, lavender, bamboo""",
    "tree": """
        tree, palm tree, pine tree, oak tree, christmas tree, palm, pine, evergreen, willow,
        maple, trees, fir tree, apple tree, bare tree, birch""",
    "flower": """
        flower, rose, tulip, daisy, daisies, sunflower, orchid, lily, lilies, bouquet, carnation,
        daffodil, lavender, dandelion, poppy, poppies, petal""",
    "body part": """
        body part, head, hand, arm, leg, foot, feet, eye, ear, nose, mouth, face, hair, neck,
        finger, beard, mustache, goatee, tail, paw, wing, horn, tusk, trunk, snout, mane, hoof,
        hooves, beak, knee, elbow, shoulder, chest, back, stomach, belly, chin, cheek, forehead,
        eyebrow, tongue, tooth, teeth, lip, lips, toe, thumb, wrist, ankle, skin, fur, feather,
        claw, whiskers, antler, thigh, waist, hip, palm, skull, brain, bone, heart, facial hair,
        ponytail, braid, bangs, fin, spots, shell, antenna""",
    "urban environment": """
        urban environment, floor, ceiling, wall, window, door, roof, steps, stairs, staircase,
        fence, gate, railing, pole, post, column, chimney, balcony, doorway, window frame, arch,
        pillar, curb, fountain, street light, bench, fire hydrant, parking meter, crosswalk""",
    "nature environment": """
        nature environment, sky, ground, cloud, water, grass, snow, sand, dirt, mountain, hill,
        ocean, sea, lake, river, rock, stone, wave, sun, moon, field, forest, beach, mud, ice,
        cliff, island, waterfall, pond, stream, valley, hillside, mountain side, horizon, gravel,
        desert, volcano""",
    "electronic device": "electronic device, phone, laptop, computer, television, camera, tablet",
    "vehicle part": "vehicle part, wheel, tire, windshield, headlight, bumper, engine, mirror",
    "game": "game, chess, frisbee, baseball, tennis, puzzle, video game, cards, board game, poker",
}

FEMALE_NAMES = """
        woman, women, girl, lady, ladies, mother, mom, daughter, sister, wife, wives, bride,
        princess, princesses, queen, waitress, waitresses, actress, actresses, grandmother,
        grandma, aunt, nun, female, little girl, young woman, old woman, businesswoman,
        businesswomen, policewoman, policewomen, niece, hostess, ballerina, mermaid, witch,
        cowgirl, bridesmaid, hen, lioness, mare, ewe, bikini woman, young girl, old lady, young
        lady, barbie"""

MALE_NAMES = """
        man, men, boy, guy, gentleman, gentlemen, father, dad, son, brother, husband, groom, king,
        prince, grandfather, grandpa, uncle, policeman, policemen, fireman, firemen, businessman,
        businessmen, cowboy, monk, priest, fisherman, fishermen, waiter, nephew, male, little boy,
        young man, old man, young men, salesman, salesmen, mailman, snowman, groomsman, groomsmen,
        bull, rooster, ram, santa, young boy, sportsman, repairman, workman, workmen, handyman,
        cameraman"""
