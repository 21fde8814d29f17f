// The emoji short names people and incident bots use; an unknown name stays as written.

const TABLE = `
+1 👍|-1 👎|100 💯|alarm_clock ⏰|alert 🚨|ambulance 🚑|arrow_down ⬇️|arrow_left ⬅️|arrow_right ➡️|arrow_up ⬆️
arrow_upper_right ↗️|arrow_lower_right ↘️|arrows_counterclockwise 🔄|art 🎨|back 🔙|balance_scale ⚖️|ballot_box_with_check ☑️|bangbang ‼️|bar_chart 📊|bell 🔔
bell_slash 🔕|no_bell 🔕|black_circle ⚫|black_large_square ⬛|blue_circle 🔵|blue_book 📘|boom 💥|bookmark 🔖|bookmark_tabs 📑|books 📚
brain 🧠|bug 🐛|building_construction 🏗️|bulb 💡|busts_in_silhouette 👥|bust_in_silhouette 👤|calendar 📆|date 📅|card_index_dividers 🗂️|chart 💹
chart_with_upwards_trend 📈|chart_with_downwards_trend 📉|checkered_flag 🏁|clap 👏|classical_building 🏛️|clipboard 📋|clock1 🕐|clock3 🕒|closed_lock_with_key 🔐|cloud ☁️
computer 💻|construction 🚧|cry 😢|dart 🎯|detective 🕵️|door 🚪|dizzy 💫|earth_americas 🌎|email ✉️|envelope ✉️
exclamation ❗|heavy_exclamation_mark ❗|eyes 👀|face_palm 🤦|fast_forward ⏩|file_cabinet 🗄️|file_folder 📁|fire 🔥|fire_extinguisher 🧯|firefighter 🧑‍🚒
flag-eu 🇪🇺|floppy_disk 💾|gear ⚙️|ghost 👻|globe_with_meridians 🌐|green_circle 🟢|large_green_circle 🟢|grey_exclamation ❕|grey_question ❔|grin 😁
hammer_and_wrench 🛠️|handshake 🤝|heart ❤️|heavy_check_mark ✔️|heavy_minus_sign ➖|heavy_plus_sign ➕|heavy_multiplication_x ✖️|helmet_with_white_cross ⛑️|high_brightness 🔆|hospital 🏥
hourglass ⌛|hourglass_flowing_sand ⏳|inbox_tray 📥|outbox_tray 📤|information_source ℹ️|joy 😂|key 🔑|label 🏷️|large_blue_circle 🔵|large_orange_circle 🟠
large_purple_circle 🟣|large_red_square 🟥|large_yellow_circle 🟡|large_yellow_square 🟨|large_green_square 🟩|large_blue_square 🟦|large_orange_square 🟧|ledger 📒|leftwards_arrow_with_hook ↩️|link 🔗
lock 🔒|lock_with_ink_pen 🔏|loudspeaker 📢|mag 🔍|mag_right 🔎|mailbox 📫|mega 📣|megaphone 📣|memo 📝|mute 🔇
microscope 🔬|minidisc 💽|mortar_board 🎓|newspaper 📰|no_entry ⛔|no_entry_sign 🚫|nerd_face 🤓|notebook 📓|octagonal_sign 🛑|ok ✅
ok_hand 👌|open_file_folder 📂|orange_circle 🟠|package 📦|page_facing_up 📄|pager 📟|paperclip 📎|pencil 📝|pencil2 ✏️|phone ☎️
telephone_receiver 📞|police_car_light 🚨|pray 🙏|purple_circle 🟣|pushpin 📌|round_pushpin 📍|question ❓|raised_hand ✋|raised_hands 🙌|rainbow 🌈
recycle ♻️|red_circle 🔴|red_square 🟥|repeat 🔁|rewind ⏪|robot_face 🤖|rocket 🚀|rotating_light 🚨|runner 🏃|sad 😞
scales ⚖️|scroll 📜|see_no_evil 🙈|shield 🛡️|shrug 🤷|siren 🚨|skull 💀|slightly_smiling_face 🙂|smile 😄|smiley 😃
snowflake ❄️|sob 😭|sos 🆘|sparkles ✨|speech_balloon 💬|spiral_calendar_pad 🗓️|star ⭐|stethoscope 🩺|stop_button ⏹️|stop_sign 🛑
stopwatch ⏱️|sunny ☀️|sweat_smile 😅|syringe 💉|tada 🎉|technologist 🧑‍💻|thinking_face 🤔|thread 🧵|thumbsup 👍|thumbsdown 👎
ticket 🎫|timer_clock ⏲️|toolbox 🧰|triangular_flag_on_post 🚩|trophy 🏆|twisted_rightwards_arrows 🔀|unlock 🔓|v ✌️|vertical_traffic_light 🚦|warning ⚠️
wastebasket 🗑️|watch ⌚|wave 👋|white_check_mark ✅|white_circle ⚪|white_large_square ⬜|white_small_square ▫️|black_small_square ▪️|wrench 🔧|writing_hand ✍️
x ❌|yellow_circle 🟡|zap ⚡|zzz 💤|zero 0️⃣|one 1️⃣|two 2️⃣|three 3️⃣|four 4️⃣|five 5️⃣
six 6️⃣|seven 7️⃣|eight 8️⃣|nine 9️⃣|keycap_ten 🔟|heavy_dollar_sign 💲|camera 📷|video_camera 📹|house 🏠|office 🏢`;

export const EMOJI = new Map(
  TABLE.trim()
    .split(/[|\n]/)
    .map((entry) => {
      const at = entry.indexOf(" ");
      return [entry.slice(0, at), entry.slice(at + 1)];
    }),
);

export const USUAL = ["white_check_mark", "eyes", "pushpin", "rotating_light", "raised_hands", "+1", "thinking_face", "tada"];

/** The character for a short name ("tada", "wave::skin-tone-2"), or null. */
export const emojiFor = (name) => EMOJI.get(name.replace(/::skin-tone-\d$/, "")) ?? null;
